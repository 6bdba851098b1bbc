// The target's own `_reindex` from remote. It answers when all is done, so its time is that of one request.
import type { Contender, RunContext } from './contender.ts'

interface ReindexAnswer {
  readonly created: number
  readonly failures: readonly unknown[]
}

async function reindex(size: number, { source, target, set, signal }: RunContext) {
  const started = performance.now()
  const { created, failures } = await target.http.json<ReindexAnswer>({
    method: 'POST',
    path: '/_reindex',
    body: {
      source: { remote: { host: source.url, socket_timeout: '5m' }, index: set.name, size },
      dest: { index: set.name },
    },
    signal,
  })
  const seconds = (performance.now() - started) / 1000
  if (failures.length > 0)
    throw new Error(`${failures.length} failures, ${created} created: ${JSON.stringify(failures[0])}`)
  return { seconds }
}

const atSize = (size: number, sets: readonly string[]): Contender => ({
  name: `reindex-${size}`,
  title: `\`_reindex\`, size ${size}`,
  does: 'copy',
  sets,
  run: (context) => reindex(size, context),
})

/** A page has to fit a buffer of 100 MB in the target, so that large documents need small pages. */
export const reindexes: readonly Contender[] = [
  atSize(1000, ['small', 'middle', 'difficult']),
  atSize(5000, ['small', 'middle']),
  atSize(100, ['large']),
  atSize(500, ['large']),
]
