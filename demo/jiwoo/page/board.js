// The board's page: sign in, write a message, see the newest messages and what Kafka and Redis say of the API's calls.
//
// In: the Flask API of the same origin. It keeps nothing beyond the page and does no tracing of its own.
const { createApp } = Vue;

async function call(method, path, body) {
  const reply = await fetch(path, {
    method,
    headers: body ? { 'Content-Type': 'application/json' } : {},
    body: body ? JSON.stringify(body) : undefined,
  });
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error ?? `status ${reply.status}`);
  return answer;
}

createApp({
  data: () => ({ name: '', password: '', user: '', message: '', messages: [], calls: [], lines: [], error: '' }),
  async mounted() {
    await this.refresh();
  },
  methods: {
    async attempt(action) {
      this.error = '';
      try {
        await action();
      } catch (error) {
        this.error = error.message;
      }
      await this.refresh();
    },
    signIn() {
      return this.attempt(async () => {
        this.user = (await call('POST', '/api/login', { name: this.name, password: this.password })).name;
      });
    },
    register() {
      return this.attempt(async () => {
        await call('POST', '/api/register', { name: this.name, password: this.password });
        this.user = (await call('POST', '/api/login', { name: this.name, password: this.password })).name;
      });
    },
    write() {
      return this.attempt(async () => {
        await call('POST', '/api/db/message', { message: this.message });
        this.message = '';
      });
    },
    async refresh() {
      try {
        this.messages = await call('GET', '/api/db/messages');
        this.calls = await call('GET', '/api/logs/redis');
        this.lines = await call('GET', '/api/logs/kafka');
      } catch (error) {
        this.error = error.message;
      }
    },
  },
  template: `
    <h1>Board</h1>
    <p v-if="error" class="error">{{ error }}</p>
    <form v-if="!user" @submit.prevent="signIn">
      <input v-model="name" placeholder="name"> <input v-model="password" type="password" placeholder="password">
      <button>Sign in</button> <button type="button" @click="register">Register</button>
    </form>
    <form v-else @submit.prevent="write">
      {{ user }}: <input v-model="message" placeholder="message"> <button>Write</button>
    </form>
    <ul><li v-for="m in messages" :key="m.id"><b>{{ m.name }}</b> {{ m.message }}</li></ul>
    <h2>Recent calls (Redis)</h2>
    <table><tr v-for="c in calls"><td>{{ c.method }}</td><td>{{ c.path }}</td><td>{{ c.status }}</td><td>{{ c.ms }} ms</td></tr></table>
    <h2>Recent calls (Kafka)</h2>
    <table><tr v-for="c in lines"><td>{{ c.method }}</td><td>{{ c.path }}</td><td>{{ c.status }}</td></tr></table>`,
}).mount('#board');
