// Finds the JDKs of this machine. A server needs a whole JDK, not only a JRE: its `jar` and `javac` put the server together.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

export interface Jdk {
  home: string
  major: number
}

/** Both ends count; without `newest` every newer JDK is good. */
export interface JavaRange {
  oldest: number
  newest?: number
}

const suffix = process.platform === 'win32' ? '.exe' : ''

export function tool(jdk: Jdk, name: 'java' | 'javac' | 'jar'): string {
  return join(jdk.home, 'bin', name + suffix)
}

/** The first JDK within the range: those named by the environment first, then the oldest of those installed. */
export function findJdk(range: JavaRange): Jdk | undefined {
  return installed().find((jdk) => jdk.major >= range.oldest && jdk.major <= (range.newest ?? Number.POSITIVE_INFINITY))
}

/** Why no JDK serves this range, in words for a skipped test; undefined when one does. */
export function missingJdk(range: JavaRange): string | undefined {
  return findJdk(range) ? undefined : `needs ${describe(range)}`
}

export function requireJdk(range: JavaRange, server: string): Jdk {
  const jdk = findJdk(range)
  if (jdk) return jdk
  const wanted = range.newest ?? range.oldest
  const found = installed().map((each) => `${each.major} (${each.home})`)
  throw new Error(
    `${server} needs ${describe(range)}, and none was found. ` +
      `Install one, or name its folder in JAVA_HOME or INDEXFERRY_JAVA_${wanted}. ` +
      `JDKs found: ${found.join(', ') || 'none'}.`,
  )
}

function describe({ oldest, newest }: JavaRange): string {
  if (newest === undefined) return `a JDK ${oldest} or newer`
  return oldest === newest ? `a JDK ${oldest}` : `a JDK ${oldest} to ${newest}`
}

let known: Jdk[] | undefined

function installed(): Jdk[] {
  known ??= [...inspect(namedByEnvironment()), ...inspect(usualPlaces()).sort((a, b) => a.major - b.major)]
  return known
}

function namedByEnvironment(): string[] {
  const own = Object.keys(process.env).filter((key) => key.startsWith('INDEXFERRY_JAVA_'))
  return [...own, 'JAVA_HOME'].flatMap((key) => process.env[key] || [])
}

function usualPlaces(): string[] {
  return [
    ...subfolders('/usr/lib/jvm'),
    ...subfolders('/Library/Java/JavaVirtualMachines').map((folder) => join(folder, 'Contents', 'Home')),
    ...subfolders(join(homedir(), '.sdkman', 'candidates', 'java')),
    ...javaOnPath(),
  ]
}

function subfolders(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []
}

/** The home behind `java` on PATH, which usually is a chain of links to <home>/bin/java. */
function javaOnPath(): string[] {
  const programs = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, `java${suffix}`))
  return programs.filter((program) => existsSync(program)).map((program) => dirname(dirname(realpathSync(program))))
}

function inspect(homes: string[]): Jdk[] {
  const real = homes.filter((home) => existsSync(join(home, 'bin', `javac${suffix}`))).map((home) => realpathSync(home))
  return [...new Set(real)].flatMap((home) => {
    const major = majorOf(home)
    return major ? [{ home, major }] : []
  })
}

/** Reads the `release` file, which saves starting a JVM; Java 8 and older call themselves 1.8, 1.7. */
function majorOf(home: string): number | undefined {
  const release = join(home, 'release')
  const text = existsSync(release) ? readFileSync(release, 'utf8') : javacVersion(home)
  const version = /(?:JAVA_VERSION="|javac )(?:1\.)?(\d+)/.exec(text)
  return version ? Number(version[1]) : undefined
}

function javacVersion(home: string): string {
  return execFileSync(join(home, 'bin', `javac${suffix}`), ['-version'], { encoding: 'utf8' })
}
