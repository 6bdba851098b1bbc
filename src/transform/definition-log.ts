import type { JsonValue } from '../model/json.ts'
import type { DefinitionChange, DefinitionProblem } from './definition-plan.ts'

type Severity = DefinitionChange['severity']

/** Collects what a plan changes and what stands in its way, in the order of the definition. */
export class DefinitionLog {
  readonly changes: DefinitionChange[] = []
  readonly problems: DefinitionProblem[] = []
  private readonly told = new Set<string>()

  changed(path: string, from: JsonValue, to: JsonValue, reason: string, severity: Severity = 'note'): void {
    this.add({ path, action: 'changed', from, to, reason, severity })
  }

  removed(path: string, from: JsonValue, reason: string, severity: Severity = 'note'): void {
    this.add({ path, action: 'removed', from, reason, severity })
  }

  added(path: string, to: JsonValue, reason: string, severity: Severity = 'note'): void {
    this.add({ path, action: 'added', to, reason, severity })
  }

  problem(path: string, reason: string, remedy: string): void {
    if (this.problems.some((known) => known.path === path && known.reason === reason)) return
    this.problems.push({ path, reason, remedy })
  }

  /** The same field of several types, or of a dynamic template and a field, is told once. */
  private add(change: DefinitionChange): void {
    const text = JSON.stringify(change)
    if (this.told.has(text)) return
    this.told.add(text)
    this.changes.push(change)
  }
}
