"""Sends the example log records (see example-logs.ts) with an exporter of OpenTelemetry for Python.

Arguments: grpc|http, the endpoint, none|gzip. Exit code 1 when the exporter reports a failure.
"""

import sys

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import TraceFlags

TIME_NS = 1_544_712_660_000_000_000
SECOND_NS = 1_000_000_000
OPENAI = {"gen_ai.system": "openai"}


def record(index: int, **facts) -> ReadableLogRecord:
    log_record = LogRecord(
        timestamp=TIME_NS + index,
        observed_timestamp=TIME_NS + SECOND_NS,
        trace_id=0x5B8EFFF798038103D269B633813FC60C,
        span_id=0xEEE19B7EC3C1B174,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
        severity_number=SeverityNumber.INFO,
        **facts,
    )
    scope = InstrumentationScope("my.library", "1.0.0")
    return ReadableLogRecord(log_record, Resource({"service.name": "my.service"}), scope)


RECORDS = [
    record(
        0,
        event_name="gen_ai.user.message",
        body={"content": "Refund anna.example@example.com, please"},
        attributes=OPENAI,
    ),
    record(
        1,
        event_name="gen_ai.choice",
        body={
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "Done."},
        },
        attributes=OPENAI,
    ),
    record(
        2,
        severity_text="ERROR",
        body="refund failed",
        attributes={"exception.type": "TimeoutError", "exception.message": "late"},
    ),
    record(3, body="Example log record", attributes={"string.attribute": "some string"}),
]


def exporter(protocol: str, endpoint: str, compression: str):
    if protocol == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter

        chosen = Compression.Gzip if compression == "gzip" else Compression.NoCompression
        return OTLPLogExporter(endpoint=endpoint, insecure=True, compression=chosen)
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter

    return OTLPLogExporter(endpoint=endpoint, compression=Compression(compression))


def main() -> int:
    protocol, endpoint, compression = sys.argv[1:]
    target = exporter(protocol, endpoint, compression)
    result = target.export(RECORDS)
    target.shutdown()
    return 0 if result is LogRecordExportResult.SUCCESS else 1


if __name__ == "__main__":
    sys.exit(main())
