"""Talk to a ClickHouse HTTP interface with clickhouse-connect and print what came back as JSON.

Arguments: host, port, database, compression, user, password. It inserts and selects through
Native, within the session that the client makes for itself.
"""

import json
import sys
from datetime import datetime, timezone

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError

COLUMNS = ["Id", "Name", "Level", "Note", "Tags", "Attrs", "At"]


def rows():
    at = datetime(2026, 2, 3, 4, 5, 6, 123456, tzinfo=timezone.utc)
    return [
        [1, "first", "info", "a note", ["a", "b"], {"k": "v"}, at],
        [2, "zweite ü", "error", None, [], {}, at],
    ]


def main(host, port, database, compression, username, password):
    client = clickhouse_connect.get_client(
        host=host,
        port=int(port),
        database=database,
        username=username,
        password=password,
        compress=False if compression == "none" else compression,
    )
    client.command(
        "CREATE OR REPLACE TABLE python_rows (Id UInt64, Name String,"
        " Level LowCardinality(String), Note Nullable(String), Tags Array(String),"
        " Attrs Map(LowCardinality(String), String), At DateTime64(6, 'UTC'))"
        " ENGINE = MergeTree ORDER BY Id"
    )
    written = client.insert("python_rows", rows(), column_names=COLUMNS).written_rows
    read = client.query("SELECT * FROM python_rows ORDER BY Id").result_rows
    client.command("SET max_threads = 1")
    kept = client.command("SELECT getSetting('max_threads')")
    parameter = client.query("SELECT {p:String}", parameters={"p": "it's"}).result_rows[0][0]
    many = len(client.query("SELECT number, toString(number) FROM numbers(200000)").result_rows)
    try:
        client.query("SELECT * FROM no_such_table")
        error = ""
    except DatabaseError as caught:
        error = str(caught)
    report = {
        "written": written,
        "rows": [[*row[:6], row[6].isoformat()] for row in read],
        "keptSetting": kept,
        "parameter": parameter,
        "manyRows": many,
        "error": error,
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(*sys.argv[1:])
