// Command contract talks to a ClickHouse HTTP interface with clickhouse-go, the client of
// Grafana's data source: it creates a table, inserts a batch in Native, reads it back and prints
// what it got as one JSON document.
//
// Arguments: address, database, compression (none, gzip or lz4), user, password.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

const timeout = 30 * time.Second

// Row is one row of the table, in the types that clickhouse-go maps columns to.
type Row struct {
	ID       uint64            `ch:"Id" json:"id"`
	Name     string            `ch:"Name" json:"name"`
	Level    string            `ch:"Level" json:"level"`
	Note     *string           `ch:"Note" json:"note"`
	Tags     []string          `ch:"Tags" json:"tags"`
	Attrs    map[string]string `ch:"Attrs" json:"attrs"`
	At       time.Time         `ch:"At" json:"at"`
	Pairs    [][]int64         `ch:"Pairs" json:"pairs"`
	Duration float64           `ch:"Duration" json:"duration"`
}

// Report is what the test compares.
type Report struct {
	ServerName  string `json:"serverName"`
	Rows        []Row  `json:"rows"`
	Parameter   string `json:"parameter"`
	ManyRows    uint64 `json:"manyRows"`
	ErrorCode   int32  `json:"errorCode"`
	TimedOut    bool   `json:"timedOut"`
	RowsWritten int    `json:"rowsWritten"`
}

// Place says where and how to connect.
type Place struct{ address, database, compression, user, password string }

func open(place Place) (clickhouse.Conn, error) {
	method := map[string]clickhouse.CompressionMethod{
		"none": clickhouse.CompressionNone,
		"gzip": clickhouse.CompressionGZIP,
		"lz4":  clickhouse.CompressionLZ4,
	}[place.compression]
	return clickhouse.Open(&clickhouse.Options{
		Protocol: clickhouse.HTTP,
		Addr:     []string{place.address},
		Auth: clickhouse.Auth{
			Database: place.database, Username: place.user, Password: place.password,
		},
		Compression: &clickhouse.Compression{Method: method, Level: 3},
		Settings:    clickhouse.Settings{"max_execution_time": 30},
		DialTimeout: timeout,
	})
}

func samples() []Row {
	note := "ein Hinweis"
	at := time.Date(2026, 2, 3, 4, 5, 6, 123456789, time.UTC)
	return []Row{
		{ID: 1, Name: "first", Level: "info", Note: &note, Tags: []string{"a", "b"},
			Attrs: map[string]string{"k": "v"}, At: at, Pairs: [][]int64{{1, 2}, {}}, Duration: 1.5},
		{ID: 2, Name: "zweite ü", Level: "error", Tags: []string{},
			Attrs: map[string]string{}, At: at.Add(time.Nanosecond), Pairs: [][]int64{}, Duration: -0.25},
	}
}

func insert(ctx context.Context, conn clickhouse.Conn, rows []Row) error {
	batch, err := conn.PrepareBatch(ctx, "INSERT INTO go_rows")
	if err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	for index := range rows {
		if err := batch.AppendStruct(&rows[index]); err != nil {
			return fmt.Errorf("append: %w", err)
		}
	}
	if err := batch.Send(); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// ask runs the questions that need no table.
func ask(ctx context.Context, conn clickhouse.Conn, report *Report) error {
	named := clickhouse.Context(ctx, clickhouse.WithParameters(clickhouse.Parameters{"p": "it's"}))
	if err := conn.QueryRow(named, "SELECT {p:String}").Scan(&report.Parameter); err != nil {
		return fmt.Errorf("parameter: %w", err)
	}
	rows, err := conn.Query(ctx, "SELECT number, toString(number) FROM numbers(200000)")
	if err != nil {
		return fmt.Errorf("many rows: %w", err)
	}
	for rows.Next() {
		report.ManyRows++
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("many rows: %w", err)
	}
	var exception *clickhouse.Exception
	if err := conn.Exec(ctx, "SELECT * FROM no_such_table"); errors.As(err, &exception) {
		report.ErrorCode = exception.Code
	}
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	err = conn.Exec(short, "SELECT sleepEachRow(1) FROM numbers(60) SETTINGS max_block_size = 1")
	report.TimedOut = err != nil
	return nil
}

func run(place Place) (*Report, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	conn, err := open(place)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	version, err := conn.ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("server version: %w", err)
	}
	report := &Report{ServerName: version.DisplayName}
	create := `CREATE OR REPLACE TABLE go_rows (Id UInt64, Name String, Level LowCardinality(String),
		Note Nullable(String), Tags Array(String), Attrs Map(LowCardinality(String), String),
		At DateTime64(9, 'UTC'), Pairs Array(Array(Int64)), Duration Float64)
		ENGINE = MergeTree ORDER BY Id`
	if err := conn.Exec(ctx, create); err != nil {
		return nil, fmt.Errorf("create: %w", err)
	}
	rows := samples()
	if err := insert(ctx, conn, rows); err != nil {
		return nil, err
	}
	report.RowsWritten = len(rows)
	if err := conn.Select(ctx, &report.Rows, "SELECT * FROM go_rows ORDER BY Id"); err != nil {
		return nil, fmt.Errorf("select: %w", err)
	}
	return report, ask(ctx, conn, report)
}

func main() {
	if len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: contract ADDRESS DATABASE none|gzip|lz4 USER PASSWORD")
		os.Exit(2)
	}
	report, err := run(Place{os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		os.Exit(1)
	}
}
