// The stack of a defect with the names and lines of the sources: the built program consists of a few large files, each with its map beside it.
import { readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

const place = /((?:file:\/\/|[A-Za-z]:[\\/]|\/)[^\s()]*\.cjs):(\d+):(\d+)/g

export function sourceStack(error: Error): string {
  const maps = new Map<string, SourceMap | undefined>()
  return (error.stack ?? String(error)).replaceAll(
    place,
    (whole: string, file: string, line: string, column: string) => {
      if (!maps.has(file)) maps.set(file, readMap(file))
      const found = maps.get(file)?.findEntry(Number(line) - 1, Number(column) - 1)
      if (!found || !('originalSource' in found)) return whole
      const source = found.originalSource.replace(/^(?:\.\.\/)+/, '')
      return `${source}:${found.originalLine + 1}:${found.originalColumn + 1}`
    },
  )
}

/** Undefined where there is none: the stack is worth printing all the same. */
function readMap(file: string): SourceMap | undefined {
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file
    return new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')))
  } catch {
    return undefined
  }
}
