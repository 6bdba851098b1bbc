// npm run test:kill -- [--kills 200] [--seed N] [--documents 60000]
//
// Copies real indexes between real servers, kills the program again and again, and checks that nothing is lost or doubled.
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { missingJava, startServer } from '../servers/servers.ts'
import { anySeed, note, readOptions, signal } from './campaign.ts'
import { runKillCampaign } from './kill-campaign.ts'

const { kills, seed, documents } = readOptions({ kills: 200, seed: anySeed(), documents: 60_000 })

async function campaign(): Promise<void> {
  const targetName = missingJava('opensearch-3.8.0') ? 'opensearch-2.19.4' : 'opensearch-3.8.0'
  note(`starting elasticsearch-7.10.2 and ${targetName}`)
  await using sourceServer = await startServer('elasticsearch-7.10.2')
  await using targetServer = await startServer(targetName)
  signal.throwIfAborted()
  await using source = await openCluster('source', { nodes: [sourceServer.url] })
  await using target = await openCluster('target', { nodes: [targetServer.url] })
  const result = await runKillCampaign({
    source,
    sourceUrl: sourceServer.url,
    target,
    targetUrl: targetServer.url,
    prefix: 'kill',
    kills,
    seed,
    documents,
    rate: Math.ceil(documents / 4),
    withinMs: 4000,
    note,
    signal,
  })
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')
  note(`${result.kills} kills in ${result.runs} runs; every document was there exactly once each time`)
  note(`rounds: ${list(result.rounds)}`)
  note(`killed: ${list(result.killsByInstant)}`)
}

console.log(`kill campaign: ${kills} kills, seed ${seed}`)
try {
  await campaign()
} catch (error) {
  if (signal.aborted) console.log('stopped')
  else console.error(`FAILED (again with: npm run test:kill -- --kills ${kills} --seed ${seed})\n`, error)
  process.exitCode = signal.aborted ? 130 : 1
}
