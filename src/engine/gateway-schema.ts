// The form of the gateway's catalog, `gateway.db`. A step is never changed once released; a new form is a new step at the end.
//
//   gateway                   one row: the node id, the next task number, who runs it
//   tasks ── task_partitions  partitions only while a task is unfinished
//   replications              one row for each; how far it is stands in the catalog of copies
//   active_cluster            one row once traffic was switched: to which cluster
//
// Other rooms of the engine keep their tables in the same file (engine/connections).
import type { CatalogForm } from './catalog-schema.ts'

const firstForm = `
  CREATE TABLE gateway (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    node TEXT NOT NULL,
    next_task INTEGER NOT NULL,
    token TEXT,
    owner TEXT,
    heartbeat INTEGER
  ) STRICT;

  CREATE TABLE tasks (
    number INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    description TEXT NOT NULL,
    headers TEXT NOT NULL,
    request TEXT,
    sealed BLOB,
    begun INTEGER NOT NULL DEFAULT 0,
    started INTEGER NOT NULL,
    ended INTEGER,
    requests_per_second REAL NOT NULL,
    cancelled INTEGER,
    cancel_reason TEXT,
    total INTEGER,
    status TEXT NOT NULL,
    facts TEXT NOT NULL DEFAULT '{}',
    outcome TEXT,
    error TEXT
  ) STRICT;
  CREATE INDEX tasks_by_end ON tasks (ended);
  CREATE INDEX tasks_running ON tasks (number) WHERE state = 'running';

  CREATE TABLE task_partitions (
    task INTEGER NOT NULL REFERENCES tasks (number) ON DELETE CASCADE,
    id TEXT NOT NULL,
    place INTEGER NOT NULL,
    slice INTEGER NOT NULL,
    partition TEXT NOT NULL,
    position INTEGER,
    done INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (task, id)
  ) STRICT, WITHOUT ROWID;
`

/** Replications. Deleted when they are stopped. */
const secondForm = `
  CREATE TABLE replications (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    follower TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    remote TEXT NOT NULL,
    sealed BLOB NOT NULL,
    state TEXT NOT NULL,
    reason TEXT NOT NULL,
    cause TEXT,
    started INTEGER NOT NULL,
    bootstrap TEXT,
    clearing INTEGER NOT NULL,
    counts TEXT NOT NULL
  ) STRICT;
`

/** Which cluster traffic goes to. `nodes`: its URLs, so that it is found where the sections of the configuration change places. */
const thirdForm = `
  CREATE TABLE active_cluster (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    role TEXT NOT NULL,
    nodes TEXT NOT NULL,
    since INTEGER NOT NULL
  ) STRICT;
`

/** Its id is "IFGW". What is deleted is overwritten: sealed credentials are to be gone when their task has ended. */
export const gatewayCatalog: CatalogForm = {
  fileName: 'gateway.db',
  applicationId: 0x49464757,
  steps: [firstForm, secondForm, thirdForm],
  erasesDeleted: true,
}
