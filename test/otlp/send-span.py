"""Sends the example trace (see example-trace.ts) with an exporter of OpenTelemetry for Python.

Arguments: grpc|http, the endpoint, none|gzip. Exit code 1 when the exporter reports a failure.
"""

import sys

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, SpanKind, TraceFlags

TRACE_ID = 0x5B8EFFF798038103D269B633813FC60C
START_NS = 1_544_712_660_000_000_000
SECOND_NS = 1_000_000_000


def context(span_id: int) -> SpanContext:
    return SpanContext(TRACE_ID, span_id, False, TraceFlags(TraceFlags.SAMPLED))


def exporter(protocol: str, endpoint: str, compression: str):
    if protocol == "grpc":
        from grpc import Compression
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        chosen = Compression.Gzip if compression == "gzip" else Compression.NoCompression
        return OTLPSpanExporter(endpoint=endpoint, insecure=True, compression=chosen)
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    return OTLPSpanExporter(endpoint=endpoint, compression=Compression(compression))


def main() -> int:
    protocol, endpoint, compression = sys.argv[1:]
    span = ReadableSpan(
        name="I'm a server span",
        context=context(0xEEE19B7EC3C1B174),
        parent=context(0xEEE19B7EC3C1B173),
        resource=Resource({"service.name": "my.service"}),
        attributes={"my.span.attr": "some value"},
        kind=SpanKind.SERVER,
        instrumentation_scope=InstrumentationScope(
            "my.library", "1.0.0", None, {"my.scope.attribute": "some scope attribute"}
        ),
        start_time=START_NS,
        end_time=START_NS + SECOND_NS,
    )
    target = exporter(protocol, endpoint, compression)
    result = target.export([span])
    target.shutdown()
    return 0 if result is SpanExportResult.SUCCESS else 1


if __name__ == "__main__":
    sys.exit(main())
