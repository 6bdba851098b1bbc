// npm run test:journey-kill -- [--kills 50] [--seed N] [--documents 400]
//
// Whole migrations by snapshots between real servers, by way of a real object store, are killed (kill -9) again and again while a client
// writes to the source. Each has to end, with every acknowledged document there, no index closed, and no block where none should be.
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { bucketFolder } from '../documents/snapshot-sides.ts'
import { startObjectStore } from '../objectstores/object-stores.ts'
import { clientOf, makeBucket } from '../objectstores/store-sides.ts'
import type { ServerName } from '../servers/catalogue.ts'
import { missingJava, startServer } from '../servers/servers.ts'
import { anySeed, note, readOptions, signal } from './campaign.ts'
import { type JourneyKillResult, runJourneyKills } from './journey-kill-campaign.ts'

const { kills, seed, documents } = readOptions({ kills: 50, seed: anySeed(), documents: 400 })

/** The versions of the documents, and the newest; each has a part of the kills. */
const pairs: readonly (readonly [ServerName, ServerName])[] = (
  [
    ['elasticsearch-5.6.16', 'elasticsearch-6.8.23'],
    ['opensearch-2.19.4', 'opensearch-3.8.0'],
  ] as const
).filter((pair) => pair.every((name) => missingJava(name) === undefined))

async function campaign(from: ServerName, to: ServerName, part: number, chance: number): Promise<JourneyKillResult> {
  note(`starting ${from} and ${to}`)
  await using store = await startObjectStore('s3proxy')
  await using sourceServer = await startServer(from)
  await using targetServer = await startServer(to)
  signal.throwIfAborted()
  await using source = await openCluster('source', { nodes: [sourceServer.url] })
  await using target = await openCluster('target', { nodes: [targetServer.url] })
  const bucket = await makeBucket(clientOf(store))
  const result = await runJourneyKills({
    source: { cluster: source, url: sourceServer.url },
    target: { cluster: target, url: targetServer.url },
    // What the source writes are objects; what comes to the target are files.
    sourceFolder: await bucketFolder(sourceServer.repositoryFolder, store, bucket),
    sourceStore: (path) => `s3://${bucket}/${path}?endpoint=${store.url}`,
    targetFolder: targetServer.repositoryFolder,
    env: store.env,
    kills: part,
    seed: chance,
    documents,
    note,
    signal,
  })
  const list = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${count} ${name}`)
      .join(', ')
  note(`${from} to ${to}: ${result.kills} kills in ${result.runs} runs of ${result.journeys} migrations`)
  note(`killed ${list(result.killsByState)}; ${list(result.killsByInstant)}`)
  return result
}

console.log(`journey kill campaign: ${kills} kills, seed ${seed}`)
try {
  let left = kills
  for (const [at, [from, to]] of pairs.entries()) {
    const part = Math.ceil(left / (pairs.length - at))
    left -= (await campaign(from, to, part, seed + at)).kills
  }
  note(`${kills} kills; every acknowledged document is there once, no index is closed, no block is left`)
} catch (error) {
  if (signal.aborted) console.log('stopped')
  else console.error(`FAILED (again with: npm run test:journey-kill -- --kills ${kills} --seed ${seed})\n`, error)
  process.exitCode = signal.aborted ? 130 : 1
}
