// npm run bench:follow
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { stopSignal } from '../test/process/stop-signal.ts'
import { measureCatchUp } from './follow/catch-up.ts'
import { measureDeletes } from './follow/deletes.ts'
import { measureIdle, measureMany } from './follow/idle.ts'
import { measureLag } from './follow/lag.ts'
import { describeFollow, type FollowFigures, renderFollowPage } from './follow/page.ts'
import { describeMachine } from './machine.ts'
import { startServers, untilQuiet } from './servers.ts'

const page = new URL('../docs/benchmarks-follow.md', import.meta.url)

const parts = ['lag', 'catch-up', 'idle', 'many', 'deletes'] as const
type Part = (typeof parts)[number]

const usage = `npm run bench:follow -- [options]

  --parts A,B         of ${parts.join(', ')}; default all
  --seconds N         how long writers run for the lag; default 300
  --operations N      that are missed for catching up; default 1000000
  --indexes N         that are followed at once for the memory; default 500
  --documents N       of the index in which deletes are measured; default 10000000
  --write             write docs/benchmarks-follow.md; only with all parts`

const { values } = parseArgs({
  options: {
    parts: { type: 'string', default: parts.join(',') },
    seconds: { type: 'string', default: '300' },
    operations: { type: 'string', default: '1000000' },
    indexes: { type: 'string', default: '500' },
    documents: { type: 'string', default: '10000000' },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const signal = stopSignal()
const tell = (line: string) => console.error(line)

async function bench(chosen: ReadonlySet<Part>): Promise<void> {
  const [seconds, operations, indexes, documents] = [
    values.seconds,
    values.operations,
    values.indexes,
    values.documents,
  ].map(Number) as [number, number, number, number]
  tell('starting the servers …')
  await using servers = await startServers()
  signal.throwIfAborted()
  const machine = await describeMachine(servers)
  const figures: { -readonly [Key in keyof FollowFigures]: FollowFigures[Key] } = { machine }
  let told = 0
  const run = async (part: Part, measure: () => Promise<void>) => {
    if (!chosen.has(part)) return
    await untilQuiet(servers, signal)
    await measure()
    const lines = describeFollow(figures).split('\n')
    for (const line of lines.slice(told)) tell(`  ${line}`)
    told = lines.length
  }
  await run('lag', async () => {
    figures.lag = await measureLag(servers, seconds, tell, signal)
  })
  await run('catch-up', async () => {
    figures.catchUp = await measureCatchUp(servers, operations, tell, signal)
  })
  await run('idle', async () => {
    figures.idle = await measureIdle(servers, Math.min(seconds, 60), tell, signal)
  })
  await run('many', async () => {
    figures.many = await measureMany(servers, indexes, Math.min(seconds, 60), tell, signal)
  })
  await run('deletes', async () => {
    figures.deletes = await measureDeletes(servers, documents, tell, signal)
  })
  console.log(`\n${machine.lines.join('\n')}\n\n${describeFollow(figures)}`)
  if (values.write) {
    const words = process.argv.slice(2)
    await writeFile(page, renderFollowPage(figures, words, new Date().toISOString().slice(0, 10)))
  }
}

const chosen = values.parts.split(',').filter((part): part is Part => (parts as readonly string[]).includes(part))
if (values.help || chosen.length === 0 || (values.write && chosen.length < parts.length)) {
  console.log(usage)
  process.exitCode = values.help ? 0 : 2
} else {
  try {
    await bench(new Set(chosen))
  } catch (error) {
    if (!signal.aborted) console.error(error)
    process.exitCode = signal.aborted ? 130 : 1
  }
}
