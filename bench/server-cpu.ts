import { readFileSync } from 'node:fs'

/** Linux counts the time of processes in hundredths of a second, whatever its own clock. */
const ticksPerSecond = 100

/** What a process has used since its start, all threads, user and system; undefined where there is no /proc. */
export function cpuSeconds(pid: number): number | undefined {
  let line: string
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The name of the program, in parentheses, may hold spaces: counting begins behind it.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
