// Paths of the snapshot calls, and the names that may stand in them.
import { IndexferryError } from '../../foundation/errors.ts'

export const repositoryPath = (repository: string, rest = ''): string =>
  `/_snapshot/${encodeURIComponent(repository)}${rest && `/${rest}`}`

export const snapshotPath = (repository: string, snapshot: string, rest = ''): string =>
  repositoryPath(repository, `${encodeURIComponent(snapshot)}${rest && `/${rest}`}`)

// What no version takes in a name; `#` is a separator in the servers' own names, `,` and `*` belong to lists and patterns.
const forbidden = /[\\/*?"<>|,#\s]/

export function checkRepositoryName(name: string): void {
  const wrong = forbidden.exec(name)?.[0]
  if (wrong) refuse('repository', name, `has "${wrong}", which no repository may have in its name`)
  if (name === '' || name.startsWith('_')) refuse('repository', name, 'is empty or begins with _')
}

/** Lower case, for the name becomes the name of a file in some versions. */
export function checkSnapshotName(name: string): void {
  const wrong = forbidden.exec(name)?.[0]
  if (wrong) refuse('snapshot', name, `has "${wrong}", which no snapshot may have in its name`)
  if (name === '' || name.startsWith('_')) refuse('snapshot', name, 'is empty or begins with _')
  if (name !== name.toLowerCase()) refuse('snapshot', name, 'has capital letters', `Write ${name.toLowerCase()}.`)
  if (Buffer.byteLength(name) > 200) refuse('snapshot', name, 'is longer than 200 bytes')
}

function refuse(
  kind: string,
  name: string,
  wrong: string,
  remedy = 'Take lower-case letters, digits, - and _, as in snapshot_movies_1.',
): never {
  throw new IndexferryError('USAGE', `the ${kind} name "${name}" ${wrong}`, { remedy })
}
