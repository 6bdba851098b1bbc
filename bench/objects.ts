// npm run bench:objects
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { type StoreName, startObjectStore } from '../test/objectstores/object-stores.ts'
import { stopSignal } from '../test/process/stop-signal.ts'
import { type MoveResults, measureMoves } from './objects/measure-moves.ts'
import { measureSparse } from './objects/measure-sparse.ts'
import { mixedSizes, type ObjectSet } from './objects/object-set.ts'
import { describeObjects, type ObjectResults, renderObjectsPage } from './objects/objects-page.ts'

const usage = `npm run bench:objects -- [options]

  --modes A,B     of mixed (1 GB in 2,000 objects), many (100,000 small objects), sparse (one object of 50 GB); default mixed
  --rounds N      measured rounds after the one that warms up; default 3; many has a single one
  --store NAME    versitygw (default) or s3proxy, on both sides
  --tools A,B     of indexferry, rclone; default both
  --quick         a tenth of everything and one round: whether it works, not how fast it is
  --write         write docs/benchmarks-objects.md`

const modesKnown = ['mixed', 'many', 'sparse']
const page = new URL('../docs/benchmarks-objects.md', import.meta.url)
const words = process.argv.slice(2)

interface Wanted {
  readonly modes: readonly string[]
  readonly rounds: number
  readonly share: number
  readonly store: StoreName
  readonly hasRclone: boolean
}

function read() {
  const { values } = parseArgs({
    args: words,
    options: {
      modes: { type: 'string', default: 'mixed' },
      rounds: { type: 'string' },
      store: { type: 'string', default: 'versitygw' },
      tools: { type: 'string', default: 'indexferry,rclone' },
      quick: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const modes = values.modes.split(',')
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 3))
  const isKnown = modes.every((mode) => modesKnown.includes(mode)) && ['versitygw', 's3proxy'].includes(values.store)
  const isWrong = !isKnown || !Number.isInteger(rounds) || rounds < 1 || (values.write && values.quick)
  if (values.help || isWrong) return { usage: true, isWrong } as const
  const wanted: Wanted = {
    modes,
    rounds,
    share: values.quick ? 0.1 : 1,
    store: values.store as StoreName,
    hasRclone: values.tools.includes('rclone'),
  }
  return { usage: false, wanted, write: values.write } as const
}

async function measure(
  { modes, rounds, share, store, hasRclone }: Wanted,
  signal: AbortSignal,
): Promise<ObjectResults> {
  const tell = (line: string) => console.error(line)
  const moves: MoveResults[] = []
  const sets: readonly ObjectSet[] = [
    { name: 'mixed', title: 'Objects from 1 KB to 64 MB', sizes: mixedSizes(Math.round(2_000 * share), 1e9 * share) },
    {
      name: 'many',
      title: 'Small objects',
      sizes: Array.from({ length: Math.round(100_000 * share) }, (_, n) => 50 + (n % 400)),
    },
  ]
  for (const set of sets.filter(({ name }) => modes.includes(name))) {
    await using source = await startObjectStore(store)
    await using target = await startObjectStore(store)
    moves.push(
      await measureMoves(set, { source, target, rounds: set.name === 'many' ? 1 : rounds, hasRclone, tell, signal }),
    )
  }
  const sparse = modes.includes('sparse') ? await measureSparse(50e9 * share, tell, signal) : undefined
  return { store, moves, sparse }
}

try {
  const options = read()
  if (options.usage) {
    console.log(usage)
    process.exitCode = options.isWrong ? 2 : 0
  } else {
    const results = await measure(options.wanted, stopSignal())
    console.log(`\n${describeObjects(results)}`)
    if (options.write) await writeFile(page, renderObjectsPage(results, words, new Date().toISOString().slice(0, 10)))
  }
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
