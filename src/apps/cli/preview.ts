// The text of `copy --dry-run`.
import type { CopyPreview } from '../../engine/preview-copy.ts'
import { formatCount } from './format.ts'

export function formatPreview({ indexes, changes, problems }: CopyPreview): string {
  const lines: string[] = [
    `${formatCount(indexes.length)} target ${indexes.length === 1 ? 'index' : 'indexes'}; nothing was written`,
  ]
  for (const { source, target, definition } of indexes) {
    lines.push(`  ${source} → ${target}`)
    for (const { index, action, path, from, to, reason, severity } of changes) {
      if (index !== source && !source.startsWith(`${index}/`)) continue
      const sign = { changed: '~', removed: '-', added: '+' }[action]
      const values = action === 'changed' ? ` ${short(from)} → ${short(to)}` : action === 'added' ? ` ${short(to)}` : ''
      lines.push(`    ${sign} ${path}${values}: ${reason}${severity === 'warning' ? ' (!)' : ''}`)
    }
    if (definition) lines.push(indent(JSON.stringify(definition, null, 2)))
  }
  for (const { message, remedy } of problems) lines.push(`problem: ${String(message)}`, `  ${String(remedy)}`)
  return lines.join('\n')
}

const short = (value: unknown): string => {
  const text = value === undefined ? '' : JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

const indent = (text: string): string => text.replaceAll(/^/gm, '    ')
