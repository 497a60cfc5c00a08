// A sample adapter in plain Node (18 or newer): the ticket operations by the database's own functions.
//
//     virtualq conform --adapter 'node conformance/adapters/node_sample.mjs'
//
// A request a line on stdin, an answer a line on stdout; the messages are in docs/reference/adapter.md. Bulk calls,
// claims and custom fields it does not implement, and does not claim. It speaks PostgreSQL's protocol itself, without
// passwords, so that it needs nothing from npm; yours will use the driver of its stack.

import { createConnection } from "node:net";
import { createInterface } from "node:readline";

// ---- each operation as the statements of one transaction; the value that the last one selects is the answer

const json = (value) => (value === null ? null : JSON.stringify(value));

const operations = {
  create_ticket: (given) => [[
    `select json_build_object('id', t.ticket_id, 'extid', t.extid, 'state', t.current_state, 'replayed', t.replayed)
       from virtualq.create_ticket(
                tenant_id => $1, queue_id => $2, type_definition_id => $3, customer_id => $4, employee_id => $5,
                ttl_minutes => $6, items => $7, actor => $8, metadata => $9, operation_id => $10) as t`,
    given.tenant_id, given.queue_id, given.type_definition_id, given.customer_id, given.employee_id,
    given.ttl_minutes, json(given.items), given.actor, json(given.metadata), given.operation_id,
  ]],
  transition: (given) => [[
    `select to_json(t)
       from virtualq.transition_ticket(
                tenant_id => $1, ticket_id => $2, transition => $3, expected_state => $4, expected_version => $5,
                actor => $6, metadata => $7, operation_id => $8) as t`,
    given.tenant_id, given.ticket_id, given.name, given.expected_state, given.expected_version,
    given.actor, json(given.metadata), given.operation_id,
  ]],
  history: (given) => [
    ["select virtualq.enter_tenant($1)", given.tenant_id], // row security shows this tenant's rows alone
    [
      `select coalesce(json_agg(h order by h.seq), '[]')
         from (select seq, revision, from_state, to_state, transition_name, actor, metadata, operation_id, occurred_at
                 from virtualq.TicketStateHistory
                where tenant_id = $1 and ticket_id = $2) as h`,
      given.tenant_id, given.ticket_id,
    ],
  ],
};

// ---- what else there is to answer: a rule's refusal, another error of the database, a lost connection

const codes = {
  ticket_transition_is_legal: "illegal-transition",
  ticket_state_is_in_machine: "orphaned-state",
  ticket_is_as_expected: "stale-ticket",
  ticket_exists: "ticket-not-found",
  ticketstatehistory_operation_key: "operation-reused",
};

class Disappointment extends Error {
  constructor(answer) {
    super();
    this.answer = answer;
  }
}

function disappointment({ V: severity, C: sqlstate, n: constraint, M: message }) {
  if (severity === "FATAL") return new Disappointment({ unknown: { message } });
  const code = codes[constraint] ?? (/^23|^42501/.test(sqlstate) ? "usage" : undefined);
  return new Disappointment(code ? { refused: { code, message } } : { failed: { sqlstate, message } });
}

// ---- PostgreSQL's protocol, version 3 (https://www.postgresql.org/docs/current/protocol.html)

const int16 = (value) => Buffer.from([value >> 8, value]);
const int32 = (value) => Buffer.from([value >> 24, value >> 16, value >> 8, value]);
const text = (value) => Buffer.from(`${value}\0`);
const parameter = (value) => {
  if (value === null) return int32(-1);
  const bytes = Buffer.from(`${value}`);
  return Buffer.concat([int32(bytes.length), bytes]);
};
const message = (type, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
};

async function* receive(socket) {
  let buffer = Buffer.alloc(0);
  try {
    for await (const chunk of socket) {
      buffer = Buffer.concat([buffer, chunk]);
      while (buffer.length > 4 && buffer.length > buffer.readInt32BE(1)) {
        const end = 1 + buffer.readInt32BE(1);
        yield { type: String.fromCharCode(buffer[0]), body: buffer.subarray(5, end) };
        buffer = buffer.subarray(end);
      }
    }
  } catch (error) {
    throw new Disappointment({ unknown: { message: error.message } });
  }
  throw new Disappointment({ unknown: { message: "the server closed the connection" } });
}

let socket, messages;

async function untilReady(see) {
  let refusal;
  for (;;) {
    const { type, body } = (await messages.next()).value;
    if (type === "Z") break;
    if (type === "R" && body.readInt32BE(0) !== 0) throw new Error("the server wants a password; this sample has none");
    if (type === "E") {
      const fields = body.toString().split("\0").map((field) => [field[0], field.slice(1)]);
      refusal = disappointment(Object.fromEntries(fields));
      if (refusal.answer.unknown) break; // after a FATAL error the server says no more
    }
    see(type, body);
  }
  if (refusal) throw refusal;
}

async function open({ server: { host, port, user, dbname, options, application_name }, role }) {
  const address = { host: host ?? "localhost", port: Number(port ?? 5432) };
  const place = host?.startsWith("/") ? { path: `${host}/.s.PGSQL.${address.port}` } : address;
  socket = createConnection(place).on("error", () => {}); // whoever awaits a message hears of it
  messages = receive(socket);
  const switches = `${options ?? ""} ${role ? `-c role=${role}` : ""}`;
  const settings = Object.entries({ user, database: dbname, application_name, options: switches });
  const given = settings.filter(([, value]) => value !== null).flat();
  socket.write(message("", int32(196608), ...given.map(text), text("")));
  let backend_pid;
  await untilReady((type, body) => {
    if (type === "K") backend_pid = body.readInt32BE(0);
  });
  return { backend_pid };
}

// Parse, bind, execute, and one Sync for all: one transaction, one round trip, and no value becomes a part of the SQL.
async function run(statements) {
  const sent = statements.flatMap(([sql, ...values]) => [
    message("P", text(""), text(sql), int16(0)),
    message("B", text(""), text(""), int16(0), int16(values.length), ...values.map(parameter), int16(0)),
    message("E", text(""), int32(0)),
  ]);
  socket.write(Buffer.concat([...sent, message("S")]));
  let value;
  await untilReady((type, body) => {
    if (type === "D") value = body.subarray(6).toString(); // a row of one column
  });
  return JSON.parse(value);
}

// ---- requests and answers

const calls = {
  hello: () => ({ version: 1, name: "node-sample", operations: Object.keys(operations) }),
  open,
  close: () => (socket?.end(message("X")), {}),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, call, given } = JSON.parse(line);
  let answer;
  try {
    answer = { ok: call in operations ? await run(operations[call](given)) : await calls[call](given) };
  } catch (error) {
    answer = error.answer ?? { error: { message: `${error}` } };
  }
  process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`);
}
