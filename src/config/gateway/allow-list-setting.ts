// `reindex.remote.allowlist`, in every form in which the servers' own files have it.
import { type ConfigText, isConfigText, missingValue } from './config-tree.ts'
import { type SettingDescription, specialSetting } from './setting.ts'

/** A list, or a text: separated by commas, and a folded block (`>-`) separates by blanks, as vendors' guides write it. */
export const allowListSetting = (spec: SettingDescription) =>
  specialSetting<readonly string[]>({ takes: 'HOST:PORT, …', ...spec }, (node, refuse) => {
    const texts = Array.isArray(node) ? node : [node]
    if (!texts.every(isConfigText)) {
      refuse('must be a list of HOST:PORT, or a text with commas between them')
      return undefined
    }
    if (texts.some(({ value }: ConfigText) => value.includes(missingValue))) {
      refuse(missingValue)
      return undefined
    }
    const entries = texts.flatMap(({ value }: ConfigText) => value.split(/[\s,]+/).filter(Boolean))
    const problems = entries.flatMap((entry) => problemOf(entry) ?? [])
    for (const problem of problems) refuse(problem)
    return problems.length > 0 ? undefined : entries
  })

function problemOf(entry: string): string | undefined {
  const named = `has the entry ${JSON.stringify(entry)}, which`
  // The servers refuse to start with it, for the same reason.
  if (/^\*+$/.test(entry)) {
    return `${named} accepts all addresses; with it, every user could make the gateway send requests to any URL`
  }
  if (entry.includes('://') || entry.includes('/')) return `${named} must be host:port, without scheme and path`
  if (entry.includes('@')) return `${named.replace(/"[^"@]*@/, '"***@')} must be host:port, without credentials`
  if (/:(?:\d+|\*|[\d*]+)$/.test(entry) || entry.endsWith('*')) return undefined
  return `${named} has no port and so can never match; write it as ${entry}:9200 or ${entry}:*`
}
