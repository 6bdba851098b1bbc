// npm run test:large -- [--documents 10000000]
//
// Lines of NDJSON to a cluster, verified there, and back into a file: each document comes back byte for byte, and the program's memory
// does not grow with their number.
import { statfs } from 'node:fs/promises'
import type { CopyResult } from '../../src/engine/start-copy.ts'
import { Indexferry } from '../journeys/indexferry.ts'
import { watchMemory } from '../process/memory-of.ts'
import { missingJava, startServer } from '../servers/servers.ts'
import { note, readOptions, signal } from './campaign.ts'
import { checkDocumentLines, writeDocuments } from './large-documents.ts'

const memoryMax = 300_000_000
/** Both files, the index, and what the server needs while it merges. */
const diskBytesPerDocument = 1200
const sayEveryMs = 30_000

const { documents } = readOptions({ documents: 10_000_000 })
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
const perSecond = (seconds: number) => `${Math.round(documents / seconds).toLocaleString('en-US')}/s`

interface Step {
  readonly title: string
  readonly args: readonly string[]
}

/** Runs the program to its end; its memory is measured throughout. */
async function runStep(indexferry: Indexferry, { title, args }: Step): Promise<{ stdout: string; peak: number }> {
  signal.throwIfAborted()
  const begun = performance.now()
  let saidAt = begun
  const { child, ended } = indexferry.start([...args, '--json', '--progress', 'none'])
  const kill = () => child.kill('SIGKILL')
  signal.addEventListener('abort', kill)
  using memory = watchMemory(child.pid!, (bytes) => {
    if (performance.now() - saidAt < sayEveryMs) return
    saidAt = performance.now()
    note(`${title}: ${Math.round((saidAt - begun) / 1000)} s, ${megabytes(bytes)} now`)
  })
  const { code, stdout, stderr } = await ended
  signal.removeEventListener('abort', kill)
  signal.throwIfAborted()
  if (code !== 0) throw new Error(`${title} ended with ${code}: ${stdout.slice(0, 2000)}\n${stderr.slice(-2000)}`)
  const seconds = (performance.now() - begun) / 1000
  note(`${title}: ${seconds.toFixed(1)} s, ${perSecond(seconds)}, at most ${megabytes(memory.peak)} of memory`)
  return { stdout, peak: memory.peak }
}

function checkCopied(stdout: string): void {
  const { state, counts } = JSON.parse(stdout) as CopyResult
  if (state === 'completed' && counts.read === documents && counts.written === documents) return
  throw new Error(`the copy says ${state}, ${JSON.stringify(counts)} for ${documents} documents`)
}

async function requireDisk(folder: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const wanted = documents * diskBytesPerDocument
  if (bavail * bsize < wanted)
    throw new Error(`${folder} has ${megabytes(bavail * bsize)} free; ${megabytes(wanted)} are needed`)
}

async function campaign(): Promise<void> {
  await using indexferry = await Indexferry.install()
  await requireDisk(indexferry.folder)
  const name = missingJava('opensearch-3.8.0') ? 'opensearch-2.19.4' : 'opensearch-3.8.0'
  note(`writing ${documents.toLocaleString('en-US')} documents into a file, starting ${name}`)
  const [from, back] = [indexferry.path('from.ndjson'), indexferry.path('back.ndjson')]
  await using server = await startServer(name, { heap: '1g', gc: 'g1', tier: 'full' })
  await writeDocuments(from, documents, signal)
  const index = `${server.url}/large`
  // The server is not to look at the numbers: some are beyond every type it has.
  const mappings = await indexferry.write('mappings.json', '{"dynamic":false,"properties":{"n":{"type":"long"}}}')

  const peaks: number[] = []
  const copyIn = await runStep(indexferry, {
    title: 'file to cluster',
    args: ['copy', from, index, '--mappings', mappings],
  })
  checkCopied(copyIn.stdout)
  const verified = await runStep(indexferry, { title: 'verify', args: ['verify', from, index, '--mappings', mappings] })
  const copyBack = await runStep(indexferry, { title: 'cluster to file', args: ['copy', index, back] })
  checkCopied(copyBack.stdout)
  peaks.push(copyIn.peak, verified.peak, copyBack.peak)
  await checkDocumentLines(back, documents, signal)
  note('every document came back once and byte for byte')
  const peak = Math.max(...peaks)
  if (peak >= memoryMax)
    throw new Error(`indexferry had ${megabytes(peak)} of memory; ${megabytes(memoryMax)} are allowed`)
  note(`indexferry never had more than ${megabytes(peak)} of memory`)
}

console.log(`large campaign: ${documents.toLocaleString('en-US')} documents`)
try {
  await campaign()
} catch (error) {
  console.error(signal.aborted ? 'stopped' : error)
  process.exitCode = signal.aborted ? 130 : 1
}
