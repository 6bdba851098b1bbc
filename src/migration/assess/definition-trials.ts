// Tries planned definitions out on the target, equal ones once: the indexes of a pattern mostly have one definition.
import type { Cluster } from '../../cluster/cluster.ts'
import type { IndexDefinition } from '../../model/index-definition.ts'
import { checkDefinition } from '../../target/create-index.ts'
import { type Finding, finding, findingOf } from './assessment.ts'
import { attemptCall } from './attempt-call.ts'

export class DefinitionTrials {
  private readonly cluster: Cluster
  private readonly signal: AbortSignal
  private readonly results = new Map<string, Promise<readonly Finding[]>>()

  constructor(cluster: Cluster, signal: AbortSignal) {
    this.cluster = cluster
    this.signal = signal
  }

  async attempt(name: string, definition: IndexDefinition): Promise<Finding[]> {
    const key = JSON.stringify([definition.mappings, definition.settings])
    let result = this.results.get(key)
    if (!result) {
      result = this.carryOut(name, definition)
      this.results.set(key, result)
    }
    // The server speaks of the index that was tried.
    return (await result).map((found) => ({
      ...found,
      message: found.message.replaceAll(/indexferry-probe-[0-9a-f]{16}/g, name),
    }))
  }

  private async carryOut(name: string, definition: IndexDefinition): Promise<readonly Finding[]> {
    const findings: Finding[] = []
    const attempt = { check: 'definition', what: 'create an index of this definition' } as const
    await attemptCall(findings, attempt, async () => {
      const refused = await checkDefinition(this.cluster, { name, definition }, this.signal)
      findings.push(
        refused
          ? findingOf('definition', refused)
          : finding('definition', 'ok', 'the target takes the definition (tried with an index that was deleted again)'),
      )
    })
    return findings
  }
}
