/**
 * What happens in the traces of the invented world: a login, a chat message, a board message that fails, a wrong password.
 *
 * In: nothing. Out: trees of steps with offsets and lengths in milliseconds, service by service.
 */
export interface Step {
  service: string;
  name: string;
  kind: 'internal' | 'server' | 'client' | 'producer' | 'consumer';
  atMs: number;
  forMs: number;
  attributes?: Record<string, string | number | boolean>;
  error?: string;
  exception?: { type: string; message: string; stack: string };
  steps?: Step[];
}

const sql = (service: string, system: string, statement: string, atMs: number, forMs: number, error?: string): Step => ({
  service,
  name: `${statement.split(' ')[0]} ${/(?:FROM|INTO|UPDATE) (\w+)/.exec(statement)?.[1] ?? ''}`.trim(),
  kind: 'client',
  atMs,
  forMs,
  attributes: { 'db.system.name': system, 'db.namespace': system === 'mariadb' ? 'board' : 'growbin', 'db.query.text': statement, 'server.address': system === 'mariadb' ? 'mariadb.jiwoo.svc' : 'postgres.growbin.svc', 'server.port': system === 'mariadb' ? 3306 : 5432 },
  ...(error ? { error } : {}),
});

const redis = (service: string, command: string, atMs: number): Step => ({
  service, name: command.split(' ')[0] ?? '', kind: 'client', atMs, forMs: 0.4,
  attributes: { 'db.system.name': 'redis', 'db.query.text': command, 'server.address': 'redis.growbin.svc', 'server.port': 6379 },
});

const http = (service: string, method: string, url: string, atMs: number, forMs: number, status: number, steps: Step[] = []): Step => ({
  service, name: method, kind: 'client', atMs, forMs, steps,
  attributes: { 'http.request.method': method, 'url.full': url, 'server.address': new URL(url).host, 'http.response.status_code': status, 'network.protocol.version': '1.1' },
  ...(status >= 500 ? { error: '' } : {}),
});

const serve = (service: string, route: string, atMs: number, forMs: number, status: number, steps: Step[]): Step => ({
  service, name: route, kind: 'server', atMs, forMs, steps,
  attributes: { 'http.request.method': route.split(' ')[0] ?? '', 'http.route': route.split(' ')[1] ?? '', 'http.response.status_code': status, 'user_agent.original': 'Mozilla/5.0 (X11; Linux x86_64)', 'client.address': '10.1.4.22' },
  ...(status >= 500 ? { error: 'Internal Server Error' } : {}),
});

const STACK = `Traceback (most recent call last):
  File "/app/board/api.py", line 88, in save_message
    row = save_message_to_db(payload["text"], session.get("user_id"))
  File "/app/board/store.py", line 41, in save_message_to_db
    cursor.execute(INSERT_MESSAGE, (text, user_id))
  File "/usr/lib/python3.12/site-packages/pymysql/cursors.py", line 153, in execute
    result = self._query(query)
pymysql.err.IntegrityError: (1048, "Column 'user_id' cannot be null")`;

export const LOGIN: Step = serve('gateway', 'POST /oauth/{provider}/callback', 0, 214, 302, [
  http('gateway', 'POST', 'http://auth-api.growbin.svc:8000/oauth/google/callback', 2, 209, 302, [
    serve('auth-api', 'POST /oauth/{provider}/callback', 4, 204, 302, [
      http('auth-api', 'POST', 'https://oauth2.googleapis.com/token', 8, 121, 200),
      http('auth-api', 'GET', 'https://openidconnect.googleapis.com/v1/userinfo', 131, 58, 200),
      sql('auth-api', 'postgresql', 'SELECT id, email FROM users WHERE provider = $1 AND subject = $2', 191, 2.4),
      sql('auth-api', 'postgresql', 'INSERT INTO sessions (user_id, token_hash, expires_at) VALUES ($1, $2, $3)', 195, 3.1),
      redis('auth-api', 'SETEX session:? 86400 ?', 200),
    ]),
  ]),
]);

export const CHAT: Step = serve('gateway', 'POST /api/v1/chat/messages', 0, 1284, 200, [
  http('gateway', 'POST', 'http://chat-api.growbin.svc:8000/api/v1/chat/messages', 3, 1278, 200, [
    serve('chat-api', 'POST /api/v1/chat/messages', 5, 1273, 200, [
      redis('chat-api', 'GET chat:context:?', 9),
      http('chat-api', 'POST', 'https://api.openai.com/v1/chat/completions', 14, 1188, 200),
      sql('chat-api', 'postgresql', 'INSERT INTO messages (room_id, author, body) VALUES ($1, $2, $3) RETURNING id', 1208, 4.2),
      redis('chat-api', 'SETEX chat:context:? 3600 ?', 1216),
      http('chat-api', 'GET', 'https://d111111abcdef8.cloudfront.net/avatars/42.png', 1222, 31, 200),
      { service: 'chat-api', name: 'growbin.Notify/Push', kind: 'client', atMs: 1257, forMs: 16, attributes: { 'rpc.system': 'grpc', 'rpc.service': 'growbin.Notify', 'rpc.method': 'Push', 'rpc.grpc.status_code': 0 }, steps: [
        { service: 'notify-worker', name: 'growbin.Notify/Push', kind: 'server', atMs: 1259, forMs: 12, attributes: { 'rpc.system': 'grpc', 'rpc.grpc.status_code': 0 } },
      ] },
    ]),
  ]),
]);

export const BOARD_500: Step = serve('board-web', 'POST /api/db/message', 0, 61, 500, [
  http('board-web', 'POST', 'http://board-api.jiwoo.svc:5000/api/db/message', 2, 57, 500, [
    {
      ...serve('board-api', 'POST /api/db/message', 4, 53, 500, [
        { service: 'board-api', name: 'save_message_to_db', kind: 'internal', atMs: 7, forMs: 41, error: 'IntegrityError', exception: { type: 'pymysql.err.IntegrityError', message: `(1048, "Column 'user_id' cannot be null")`, stack: STACK }, steps: [
          { service: 'board-api', name: 'database_connection', kind: 'internal', atMs: 8, forMs: 12 },
          { service: 'board-api', name: 'sql_execution', kind: 'internal', atMs: 21, forMs: 25, error: 'IntegrityError', steps: [
            sql('board-api', 'mariadb', 'INSERT INTO messages (text, user_id) VALUES (%s, %s)', 22, 23, "(1048, \"Column 'user_id' cannot be null\")"),
          ] },
        ] },
        { service: 'board-api', name: 'redis_logging', kind: 'internal', atMs: 50, forMs: 3, steps: [redis('board-api', 'LPUSH api_logs ?', 50.5)] },
        { service: 'board-api', name: 'publish api-logs', kind: 'producer', atMs: 54, forMs: 1.8, attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'api-logs', 'messaging.kafka.message.offset': 18233 }, steps: [
          { service: 'message-logger', name: 'process api-logs', kind: 'consumer', atMs: 71, forMs: 3.4, attributes: { 'messaging.system': 'kafka', 'messaging.destination.name': 'api-logs' } },
        ] },
      ]),
      exception: { type: 'pymysql.err.IntegrityError', message: `(1048, "Column 'user_id' cannot be null")`, stack: STACK },
    },
  ]),
]);

export const BOARD_OK: Step = serve('board-web', 'GET /api/logs/kafka', 0, 33, 200, [
  http('board-web', 'GET', 'http://board-api.jiwoo.svc:5000/api/logs/kafka', 2, 29, 200, [
    serve('board-api', 'GET /api/logs/kafka', 3, 26, 200, [sql('board-api', 'mariadb', 'SELECT id, text FROM messages ORDER BY id DESC LIMIT 50', 6, 5.2), redis('board-api', 'LRANGE api_logs 0 99', 14)]),
  ]),
]);

export const WRONG_PASSWORD: Step = serve('board-web', 'POST /api/login', 0, 24, 401, [
  http('board-web', 'POST', 'http://board-api.jiwoo.svc:5000/api/login', 1, 21, 401, [
    serve('board-api', 'POST /api/login', 2, 18, 401, [sql('board-api', 'mariadb', 'SELECT id, password_hash FROM users WHERE name = %s', 4, 3.3)]),
  ]),
]);
