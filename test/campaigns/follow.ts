// npm run test:follow -- [--rounds 100] [--seed N] [--ids 3000] [--source NAME] [--target NAME]
//
// Follows real indexes between real servers while clients write to them, makes trouble for everything that takes part, and checks that both
// sides are the same at the end of each round.
import { parseArgs } from 'node:util'
import { stopSignal } from '../process/stop-signal.ts'
import { isServerName, type ServerName } from '../servers/catalogue.ts'
import { startServer } from '../servers/servers.ts'
import { runFollowCampaign } from './follow-campaign.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    ids: { type: 'string', default: '3000' },
    source: { type: 'string', default: 'elasticsearch-7.10.2' },
    target: { type: 'string', default: 'opensearch-2.19.4' },
    'rounds-per-index': { type: 'string', default: '10' },
    'restart-every': { type: 'string', default: '6' },
  },
})
const numberOf = (name: 'rounds' | 'seed' | 'ids' | 'rounds-per-index' | 'restart-every') => Number(values[name])
const serverOf = (name: string): ServerName => {
  if (isServerName(name)) return name
  throw new Error(`there is no server "${name}"`)
}

const started = performance.now()
const note = (line: string) =>
  console.log(`${String(Math.round((performance.now() - started) / 1000)).padStart(5)} s  ${line}`)
const signal = stopSignal()

async function campaign(): Promise<void> {
  note(`starting ${values.source} and ${values.target}`)
  await using source = await startServer(serverOf(values.source))
  await using target = await startServer(serverOf(values.target))
  signal.throwIfAborted()
  const result = await runFollowCampaign({
    source,
    target,
    rounds: numberOf('rounds'),
    seed: numberOf('seed'),
    ids: numberOf('ids'),
    roundsPerIndex: numberOf('rounds-per-index'),
    restartEvery: numberOf('restart-every'),
    note,
    signal,
  })
  note(
    `${result.rounds} rounds, equal each time; ${result.operations} operations, ${result.unknown} requests without answer`,
  )
  note(
    `the follower was started ${result.starts} times; in ${result.looks} looks at the target nothing was older than before`,
  )
}

console.log(`follow campaign: ${values.rounds} rounds, seed ${values.seed}`)
try {
  await campaign()
} catch (error) {
  if (signal.aborted) console.log('stopped')
  else {
    console.error(
      `FAILED (again with: npm run test:follow -- --rounds ${values.rounds} --seed ${values.seed})\n`,
      error,
    )
  }
  process.exitCode = signal.aborted ? 130 : 1
}
