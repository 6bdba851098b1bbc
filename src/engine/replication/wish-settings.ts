// Settings that are to be put back when all is copied are put back as they are wanted by then.
import type { JsonValue } from '../../model/json.ts'
import type { CopyWriter } from '../catalog-writer.ts'

/** Nothing happens when nothing runs or nothing is to be put back. Answers with how to undo it. */
export function wishSettings(
  writer: CopyWriter | undefined,
  settings: Readonly<Record<string, JsonValue>>,
): () => void {
  const [index] = writer?.listIndexes() ?? []
  const saved = index && !index.isRestored ? index.savedSettings : undefined
  const names = Object.keys(saved ?? {}).filter((name) => Object.hasOwn(settings, name))
  if (!writer || !index || !saved || names.length === 0) return () => {}
  const wanted = names.map((name) => [name, settings[name] === null ? null : String(settings[name])])
  writer.changeSavedSettings(index.name, { ...saved, ...Object.fromEntries(wanted) })
  return () => writer.changeSavedSettings(index.name, saved)
}
