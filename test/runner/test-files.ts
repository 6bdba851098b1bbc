// Which tests there are, and what each of them needs.
import { readdirSync } from 'node:fs'
import { join, relative, resolve, sep } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

export interface TestFiles {
  /** Need nothing but this machine's processor. */
  readonly pure: readonly string[]
  /** Need real servers, which they share. */
  readonly withServers: readonly string[]
  /** As those, and touch what other tests do on the same servers, so that no other may run meanwhile. */
  readonly alone: readonly string[]
}

/** Lists and cancels every reindex of a cluster, as the calls of others that it compares do. */
const needsToBeAlone = ['src/apps/gateway/tasks/task-routes.cluster.test.ts']

/** All tests, or those whose path begins with, contains or matches one of `patterns`. Campaigns are not tests. */
export function findTestFiles(patterns: readonly string[]): TestFiles {
  const files = ['src', 'test', 'bench']
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, String(name))))
    .map((path) => path.split(sep).join('/'))
    .filter((path) => path.endsWith('.test.ts') && isWanted(path, patterns))
    .sort()
  const needsServers = (path: string) =>
    /\.(?:cluster|server)\.test\.ts$/.test(path) || path.startsWith('test/journeys/')
  // Journeys take longest, and what takes longest is begun first, so that no processor waits for it in the end.
  const mustBeAlone = (path: string) => needsToBeAlone.includes(path)
  const withServers = files
    .filter((path) => needsServers(path) && !mustBeAlone(path))
    .sort((a, b) => Number(b.startsWith('test/journeys/')) - Number(a.startsWith('test/journeys/')))
  return { pure: files.filter((path) => !needsServers(path)), withServers, alone: files.filter(mustBeAlone) }
}

function isWanted(path: string, patterns: readonly string[]): boolean {
  if (patterns.length === 0) return true
  return patterns.some((pattern) => {
    const fromRoot = relative(root, resolve(root, pattern)).split(sep).join('/')
    return path.startsWith(fromRoot) || path.includes(pattern)
  })
}
