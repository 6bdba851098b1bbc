// npm run test:follow -- [--rounds 100] [--seed N] [--ids 3000] [--source NAME] [--target NAME]
//
// Follows real indexes between real servers while clients write to them, makes trouble for everything that takes part, and checks that both
// sides are the same at the end of each round.
import { isServerName, type ServerName } from '../servers/catalogue.ts'
import { startServer } from '../servers/servers.ts'
import { anySeed, note, readOptions, signal } from './campaign.ts'
import { runFollowCampaign } from './follow-campaign.ts'

const values = readOptions(
  { rounds: 100, seed: anySeed(), ids: 3000, 'rounds-per-index': 10, 'restart-every': 6 },
  { source: 'elasticsearch-7.10.2', target: 'opensearch-2.19.4' },
)
const serverOf = (name: string): ServerName => {
  if (isServerName(name)) return name
  throw new Error(`there is no server "${name}"`)
}

async function campaign(): Promise<void> {
  note(`starting ${values.source} and ${values.target}`)
  await using source = await startServer(serverOf(values.source))
  await using target = await startServer(serverOf(values.target))
  signal.throwIfAborted()
  const result = await runFollowCampaign({
    source,
    target,
    rounds: values.rounds,
    seed: values.seed,
    ids: values.ids,
    roundsPerIndex: values['rounds-per-index'],
    restartEvery: values['restart-every'],
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
