/**
 * The SDK's OTLP/gRPC exporter with a serialiser of our own.
 *
 * In: the standard `OTEL_EXPORTER_OTLP_*` variables. Out: an exporter. Connection, headers, TLS,
 * compression and time-outs are the SDK's.
 */
import { OTLPExporterBase } from "@opentelemetry/otlp-exporter-base";
import {
  convertLegacyOtlpGrpcOptions,
  createOtlpGrpcExportDelegate,
  type OTLPGRPCExporterConfigNode,
} from "@opentelemetry/otlp-grpc-exporter-base";
import {
  type IExportTraceServiceResponse,
  type ISerializer,
  ProtobufTraceSerializer,
  TraceExporterMetricsHelper,
} from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";
import { safely } from "@spanledger/api/internal";
import { encodeSpans } from "./encode-spans.ts";

/** Value of `otel.component.type` in the SDK's own metrics. */
const COMPONENT = "otlp_grpc_span_exporter";

const SERVICE = "TraceExportService";
const PATH = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

/** Whatever ours cannot write, a value of a foreign instrumentation perhaps, the SDK's one writes. */
const serializer: ISerializer<ReadableSpan[], IExportTraceServiceResponse> = {
  serializeRequest: (spans) =>
    safely(() => encodeSpans(spans)) ?? ProtobufTraceSerializer.serializeRequest(spans),
  deserializeResponse: (bytes) => ProtobufTraceSerializer.deserializeResponse(bytes),
};

export class GrpcTraceExporter extends OTLPExporterBase<ReadableSpan[]> implements SpanExporter {
  constructor(config: OTLPGRPCExporterConfigNode) {
    const options = convertLegacyOtlpGrpcOptions(config, "TRACES");
    super(
      createOtlpGrpcExportDelegate(
        options,
        serializer,
        COMPONENT,
        TraceExporterMetricsHelper,
        undefined,
        SERVICE,
        PATH,
      ),
    );
  }
}
