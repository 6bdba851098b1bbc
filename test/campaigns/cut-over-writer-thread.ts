// The thread in which the clients of the cut-over campaign write, so that what the campaign itself does does not slow them down.
import { parentPort, workerData } from 'node:worker_threads'
import { openCluster } from '../../src/cluster/open-cluster.ts'
import { seededChance } from '../faults/seeded-chance.ts'
import { AcknowledgedWriters } from '../journeys/acknowledged-writers.ts'
import type { WriterCall, WriterThreadOptions } from './cut-over-writers.ts'

const { urls, seed, ...options } = workerData as WriterThreadOptions
const clusters = {
  source: await openCluster('source', { nodes: [urls.source] }),
  target: await openCluster('target', { nodes: [urls.target] }),
}
const writers = new AcknowledgedWriters({ ...options, clusters, chance: seededChance(seed) })

async function carryOut(call: WriterCall): Promise<void> {
  if (call.verb === 'pause') await writers.pause()
  if (call.verb === 'resume') writers.resume()
  if (call.verb === 'delete') writers.deletes = call.share
  if (call.verb === 'check') writers.check(call.found)
  if (call.verb === 'stop') await writers.stop()
  // Fewer clients than there should be would prove less, whatever is asked.
  writers.throwFault()
}

parentPort?.on('message', (call: WriterCall) => {
  carryOut(call).then(
    () => parentPort?.postMessage({ tally: writers.tally }),
    (error: unknown) => parentPort?.postMessage({ tally: writers.tally, error: String(error) }),
  )
})
