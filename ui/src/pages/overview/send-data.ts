/**
 * Commands and configuration that send spans to this very server.
 *
 * In: its listeners as bound, and the host name under which this page was opened. Out: text to copy. A listener bound to every
 * address is reached under the name that the reader used.
 */
import type { Schemas } from '@/data/client';

export interface Snippet {
  id: 'try' | 'zero' | 'sdk' | 'collector' | 'jaeger';
  /** Name of a product or language, the same in every language; absent for `try`. */
  label?: string;
  code: string;
}

const ANY_HOST = /^(0\.0\.0\.0|\[::\]|127\.0\.0\.1|\[::1\]|localhost)$/;

/** `HOST:PORT` under which a reader of this page reaches a listener. */
export function reachable(address: string, pageHost: string): string {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at);
  return `${ANY_HOST.test(host) ? pageHost : host}${address.slice(at)}`;
}

function addressOf(listeners: Schemas['Listener'][], names: string[], pageHost: string, fallback: string): string {
  const found = names.map((name) => listeners.find((listener) => listener.name === name)).find((listener) => listener !== undefined);
  return found ? reachable(found.address, pageHost) : fallback;
}

export function snippets(listeners: Schemas['Listener'][], pageHost: string, pageAddress: string): Snippet[] {
  const http = addressOf(listeners, ['otlp-http', 'main'], pageHost, pageAddress);
  const grpc = addressOf(listeners, ['otlp-grpc', 'otlp-http', 'main'], pageHost, pageAddress);
  const zipkin = addressOf(listeners, ['zipkin', 'main'], pageHost, pageAddress);
  const jaeger = addressOf(listeners, ['jaeger-http', 'main'], pageHost, pageAddress);
  return [
    {
      id: 'try',
      code: `curl -s http://${http}/v1/traces -H 'Content-Type: application/json' -d '{"resourceSpans":[{
  "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"hello"}}]},
  "scopeSpans":[{"spans":[{"traceId":"'$(openssl rand -hex 16)'","spanId":"'$(openssl rand -hex 8)'",
  "name":"first span","kind":2,
  "startTimeUnixNano":"'$(date +%s)000000000'","endTimeUnixNano":"'$(date +%s)050000000'"}]}]}]}'`,
    },
    {
      id: 'zero',
      label: 'Python',
      code: `pip install opentelemetry-distro opentelemetry-exporter-otlp
opentelemetry-bootstrap -a install
OTEL_SERVICE_NAME=my-service \\
OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf \\
OTEL_EXPORTER_OTLP_ENDPOINT=http://${http} \\
opentelemetry-instrument python app.py`,
    },
    {
      id: 'zero',
      label: 'Node.js',
      code: `npm install @opentelemetry/api @opentelemetry/auto-instrumentations-node
OTEL_SERVICE_NAME=my-service \\
OTEL_EXPORTER_OTLP_ENDPOINT=http://${http} \\
node --require @opentelemetry/auto-instrumentations-node/register app.js`,
    },
    {
      id: 'zero',
      label: 'Java',
      code: `OTEL_SERVICE_NAME=my-service \\
OTEL_EXPORTER_OTLP_ENDPOINT=http://${http} \\
java -javaagent:opentelemetry-javaagent.jar -jar app.jar`,
    },
    {
      id: 'sdk',
      label: 'OTLP',
      code: `export OTEL_SERVICE_NAME=my-service
export OTEL_TRACES_EXPORTER=otlp

# HTTP
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_ENDPOINT=http://${http}

# or gRPC
export OTEL_EXPORTER_OTLP_PROTOCOL=grpc
export OTEL_EXPORTER_OTLP_ENDPOINT=http://${grpc}`,
    },
    {
      id: 'collector',
      label: 'Collector',
      code: `exporters:
  otlphttp/throughline:
    endpoint: http://${http}

service:
  pipelines:
    traces:
      exporters: [otlphttp/throughline]`,
    },
    {
      id: 'jaeger',
      label: 'Jaeger, Zipkin',
      code: `# Zipkin
http://${zipkin}/api/v2/spans

# Jaeger, Thrift over HTTP
http://${jaeger}/api/traces`,
    },
  ];
}
