// The form of the catalog. A step is never changed once released; a new form is a new step at the end.
//
//   copies ─┬─ controls     what another process may change while the copy runs
//           ├─ indexes ─┬── partitions
//           │           └── cursors
//           └─ files        the target file and the rejected-documents file, and how much of them is durable

/** What one kind of catalog file is. */
export interface CatalogForm {
  readonly fileName: string
  /** Tells our file from any other SQLite file. */
  readonly applicationId: number
  /** Step n brings a catalog of form n-1 to form n; a new file goes through all of them. */
  readonly steps: readonly string[]
  /** Deleted content is overwritten at once. */
  readonly erasesDeleted: boolean
  /** Memory for pages at most, where many such files are open at a time; SQLite's default (2,000) when not given. */
  readonly cacheKib?: number
}

const firstForm = `
  CREATE TABLE copies (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    command TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    updated INTEGER NOT NULL,
    ended INTEGER,
    token TEXT,
    owner TEXT,
    heartbeat INTEGER,
    result TEXT,
    error TEXT
  ) STRICT;
  CREATE INDEX copies_by_key ON copies (key, created);

  CREATE TABLE controls (
    copy TEXT PRIMARY KEY REFERENCES copies (id) ON DELETE CASCADE,
    documents_per_second REAL,
    bytes_per_second REAL,
    source_load_max REAL,
    pause_requested INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE indexes (
    copy TEXT NOT NULL REFERENCES copies (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    target TEXT NOT NULL,
    state TEXT NOT NULL,
    definition TEXT,
    documents_expected INTEGER,
    saved_settings TEXT,
    settings_restored INTEGER NOT NULL DEFAULT 0,
    rounds INTEGER NOT NULL DEFAULT 0,
    read INTEGER NOT NULL DEFAULT 0,
    written INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (copy, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE partitions (
    copy TEXT NOT NULL,
    name TEXT NOT NULL,
    id TEXT NOT NULL,
    round INTEGER NOT NULL,
    place INTEGER NOT NULL,
    partition TEXT NOT NULL,
    position INTEGER,
    done INTEGER NOT NULL DEFAULT 0,
    read INTEGER NOT NULL DEFAULT 0,
    written INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    bytes INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (copy, name, id),
    FOREIGN KEY (copy, name) REFERENCES indexes (copy, name) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE files (
    copy TEXT NOT NULL REFERENCES copies (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    role TEXT NOT NULL,
    progress TEXT NOT NULL,
    PRIMARY KEY (copy, path)
  ) STRICT, WITHOUT ROWID;
`

/** Following: how far each shard is, and what `status` shows of it. */
const secondForm = `
  ALTER TABLE indexes ADD COLUMN following TEXT;
  CREATE TABLE cursors (
    copy TEXT NOT NULL,
    name TEXT NOT NULL,
    shard INTEGER NOT NULL,
    history TEXT,
    position INTEGER NOT NULL,
    PRIMARY KEY (copy, name, shard),
    FOREIGN KEY (copy, name) REFERENCES indexes (copy, name) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
`

/** Following: what of the source's definition the target was told. */
const thirdForm = 'ALTER TABLE indexes ADD COLUMN carried_definition TEXT;'

/** More to wait for than a rate, and what is waited for. */
const fourthForm = `
  ALTER TABLE controls ADD COLUMN heap_max REAL;
  ALTER TABLE controls ADD COLUMN write_queue_max INTEGER;
  ALTER TABLE controls ADD COLUMN throttle_check TEXT;
  ALTER TABLE copies ADD COLUMN limited_by TEXT;
`

/** The catalog of copies. Its id is "IFRY". */
export const copyCatalog: CatalogForm = {
  fileName: 'catalog.db',
  applicationId: 0x49465259,
  steps: [firstForm, secondForm, thirdForm, fourthForm],
  erasesDeleted: false,
}
