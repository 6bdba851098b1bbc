// A client of the source that writes one document after the other until writes are blocked, and knows which were acknowledged.
import type { Cluster } from '../../src/cluster/cluster.ts'
import { indexPath } from '../../src/cluster/paths.ts'
import { bulkDocuments, testType } from '../documents/fill-index.ts'
import { documentId, documentSource } from './kill-documents.ts'

/** A document every so often: the source changes in every step, and does not grow beyond what a cycle can take. */
const pauseMs = 40

export class JourneyWriter implements AsyncDisposable {
  /** Numbers 0 to this one are there. */
  acknowledged: number
  private isStopped = false
  private readonly running: Promise<void>

  private constructor(cluster: Cluster, index: string, documents: number) {
    this.acknowledged = documents
    this.running = this.write(cluster, index)
    // Told by stop(), which every journey calls.
    this.running.catch(() => {})
  }

  /** Begins with so many documents that are there at once. */
  static async start(cluster: Cluster, index: string, documents: number): Promise<JourneyWriter> {
    const first = Array.from({ length: documents }, (_, n) => ({ id: documentId(n), source: documentSource(n) }))
    await bulkDocuments(cluster, index, first)
    return new JourneyWriter(cluster, index, documents)
  }

  private async write(cluster: Cluster, index: string): Promise<void> {
    while (!this.isStopped) {
      const n = this.acknowledged
      const path = indexPath(index, `${testType(cluster)}/${documentId(n)}`)
      const { status } = await cluster.json({
        method: 'PUT',
        path,
        body: Buffer.from(documentSource(n)),
        accept: [403],
      })
      // The first refusal is the end, also when the block goes away again: what is there then can be compared.
      if (status === 403) return
      this.acknowledged++
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }

  async stop(): Promise<void> {
    this.isStopped = true
    await this.running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.isStopped = true
    await this.running.catch(() => {})
  }
}
