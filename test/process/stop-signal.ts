/** Aborts with Ctrl-C or SIGTERM, so that what was started is stopped before this process ends. */
export function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Error(`stopped by ${name}`)))
  return stop.signal
}
