// What every campaign has: options with defaults, a line now and then with the time, and an end by Ctrl-C.
import { parseArgs } from 'node:util'
import { stopSignal } from '../process/stop-signal.ts'

export const startedMs = performance.now()
export const signal = stopSignal()

export const note = (line: string): void =>
  console.log(`${String(Math.round((performance.now() - startedMs) / 1000)).padStart(5)} s  ${line}`)

/** From the command line; the names are those of the options. */
export function readOptions<Name extends string, Word extends string = never>(
  numbers: Readonly<Record<Name, number>>,
  words: Readonly<Record<Word, string>> = {} as Record<Word, string>,
): Record<Name, number> & Record<Word, string> {
  const defaults = Object.entries({ ...numbers, ...words }).map(([name, value]) => [
    name,
    { type: 'string' as const, default: String(value) },
  ])
  const { values } = parseArgs({ options: Object.fromEntries(defaults) })
  const read = Object.entries(values).map(([name, value]) => [name, name in words ? value : Number(value)])
  return Object.fromEntries(read)
}

/** Another one each time, unless it is given. */
export const anySeed = (): number => Date.now() % 1_000_000
