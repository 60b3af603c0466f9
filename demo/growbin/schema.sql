-- Tables of growbin, made once by the launcher so that no set-up statement appears among the services' spans.
CREATE TABLE users (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  provider TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  UNIQUE (provider, subject)
);
CREATE TABLE messages (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id BIGINT NOT NULL REFERENCES users (id),
  question TEXT NOT NULL,
  answer TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL DEFAULT now()
);
GRANT ALL ON ALL TABLES IN SCHEMA public TO growbin;
