// The JDK's own tools: they unpack zips and compile, so that nothing else has to be installed.
import { readdir } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { type Jdk, tool } from './java.ts'
import { run } from './run.ts'

/** Unpacks a zip or jar, or only the named entries of it. */
export async function unpack(jdk: Jdk, archive: string, folder: string, entries: string[] = []): Promise<void> {
  await run(tool(jdk, 'jar'), ['xf', archive, ...entries], { cwd: folder })
}

export async function pack(jdk: Jdk, archive: string, folder: string): Promise<void> {
  await run(tool(jdk, 'jar'), ['cf', archive, '-C', folder, '.'])
}

/** Compiles one source file against all jars of a folder. */
export async function compile(jdk: Jdk, source: string, target: string, release: number, jars: string): Promise<void> {
  const classPath = (await readdir(jars)).filter((file) => file.endsWith('.jar')).map((file) => join(jars, file))
  const options = [
    '-nowarn',
    '--release',
    String(release),
    '-proc:none',
    '-cp',
    classPath.join(delimiter),
    '-d',
    target,
  ]
  await run(tool(jdk, 'javac'), [...options, source])
}
