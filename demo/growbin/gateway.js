// gateway of growbin: Express on Node 20, hands each public route to the service that answers it.
//
// In: HTTP from browsers. Out: the same request to auth-api or chat-api, and their answer as it is. It follows no redirect, keeps
// nothing, and knows nothing of tracing: Node starts it with `--require @opentelemetry/auto-instrumentations-node/register`.
const express = require('express');

const AUTH = process.env.AUTH_URL;
const CHAT = process.env.CHAT_URL;
const HEADERS_PASSED = ['authorization', 'content-type'];
const HEADERS_RETURNED = ['content-type', 'location'];

function to(target) {
  return async (request, response) => {
    const headers = {};
    for (const name of HEADERS_PASSED) {
      if (request.headers[name]) headers[name] = request.headers[name];
    }
    const hasBody = request.method === 'POST' || request.method === 'PUT';
    try {
      const reply = await fetch(target + request.originalUrl, {
        method: request.method,
        headers,
        body: hasBody ? request.body : undefined,
        redirect: 'manual',
      });
      response.status(reply.status);
      for (const name of HEADERS_RETURNED) {
        if (reply.headers.get(name)) response.set(name, reply.headers.get(name));
      }
      response.send(Buffer.from(await reply.arrayBuffer()));
    } catch (error) {
      console.log(JSON.stringify({ level: 'ERROR', logger: 'gateway', message: `${target}: ${error.cause ?? error}` }));
      response.status(502).json({ detail: 'the service behind does not answer' });
    }
  };
}

const app = express();
app.use(express.raw({ type: () => true, limit: '1mb' }));
app.get('/auth/login/:provider', to(AUTH));
app.get('/auth/callback/:provider', to(AUTH));
app.get('/auth/session', to(AUTH));
app.post('/api/v1/chat/messages', to(CHAT));
app.get('/api/v1/chat/messages', to(CHAT));
app.put('/api/v1/chat/images/:name', to(CHAT));
app.get('/api/v1/chat/images/:name', to(CHAT));
app.get('/healthz', (request, response) => response.json({ ok: true }));

const server = app.listen(Number(process.env.PORT), '127.0.0.1');
// The instrumentation listens to SIGTERM too, to send its last spans, and so takes Node's own ending away.
process.on('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
