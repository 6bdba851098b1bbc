// Numbers as people read them.

/** `1,234,567`. */
export const formatCount = (count: number): string =>
  // Node's own way loads the languages of the world first.
  String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',')

const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']

/** `1.2 GB`, in powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

/** `45 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${(Math.round(seconds * 10) / 10).toString()} s`
  if (seconds < 90) return `${Math.round(seconds)} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** Columns filled up with spaces; `right` names those that are numbers. */
export function formatTable(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const widths: number[] = []
  for (const row of rows)
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length)
  const pad = (cell: string, column: number) =>
    right.includes(column) ? cell.padStart(widths[column] as number) : cell.padEnd(widths[column] as number)
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n')
}

/** No line that `wrap` makes is wider. */
export const columns = 100

/** Breaks at blanks; a word that is longer than a line is broken where it must be. */
export function wrap(text: string, first: string, rest: string): string[] {
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const whole of text.split(/\s+/)) {
    let word = whole
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = rest
      isEmpty = true
    }
    while (line.length + word.length > columns) {
      const room = columns - line.length
      lines.push(line + word.slice(0, room))
      word = word.slice(room)
      line = rest
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return [...lines, line].map((each) => each.trimEnd())
}
