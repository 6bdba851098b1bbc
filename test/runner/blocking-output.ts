// Loaded into each process of a test file. What it reports goes through a pipe, and an exit that is forced (see run-phases.ts) would
// lose what the runner, on a machine with other work, has not read yet: tests that passed, and why one failed.
const { _handle: handle } = process.stdout as typeof process.stdout & {
  readonly _handle?: { setBlocking?: (isBlocking: boolean) => number }
}
handle?.setBlocking?.(true)
