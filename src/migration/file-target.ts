// A file takes the documents of all units, one unit after the other, and gets its name when the last of them is in it.
//
// How long the file is belongs to the checkpoint that says which documents are in it; the two are never noted apart.
import type { CopyUnit } from '../mechanism/copy-unit.ts'
import { openUnitTarget } from '../mechanism/open-unit.ts'
import type { JsonValue } from '../model/json.ts'
import type { DocumentTarget } from '../target/target.ts'
import type { CopyContext } from './copy-context.ts'

export class FileTarget implements AsyncDisposable {
  private readonly context: CopyContext
  private current: DocumentTarget | undefined
  private held: JsonValue | undefined

  constructor(context: CopyContext) {
    this.context = context
  }

  /**
   * The file, open behind the last noted document. `isHeld`: documents of this unit count only when all of them are in the file
   * (`release`), because its source can only be read again from its beginning; until then the noted length stays where it is.
   */
  async open(unit: CopyUnit, isHeld: boolean): Promise<DocumentTarget> {
    const file = await this.openFile(unit)
    return {
      ready: (signal) => file.ready(signal),
      get limitedBy() {
        return file.limitedBy
      },
      get bodyBytes() {
        return file.bodyBytes
      },
      writeBatch: async (batch, signal) => {
        const result = await file.writeBatch(batch, signal)
        if (result.resumeAt !== undefined) {
          if (isHeld) this.held = result.resumeAt
          else this.context.onFileProgress(result.resumeAt)
        }
        return result
      },
      [Symbol.asyncDispose]: async () => {},
    }
  }

  /** The documents of a held unit count from now on. */
  release(): void {
    if (this.held !== undefined) this.context.onFileProgress(this.held)
    this.held = undefined
  }

  /** Makes the file complete; also when an earlier run had put everything into it. */
  async finish(lastUnit: CopyUnit): Promise<void> {
    const file = this.current ?? (await this.openFile(lastUnit))
    await file.finish?.()
  }

  private async openFile(unit: CopyUnit): Promise<DocumentTarget> {
    const { context } = this
    context.onFlushable(undefined)
    await this.current?.[Symbol.asyncDispose]()
    this.held = undefined
    const file = await openUnitTarget(context.target, unit, { ...context.writing, resumeFrom: context.fileProgress() })
    this.current = file
    context.onTarget(file)
    context.onFlushable(file.flush?.bind(file))
    return file
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.context.onFlushable(undefined)
    await this.current?.[Symbol.asyncDispose]()
  }
}
