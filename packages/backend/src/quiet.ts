/**
 * Runs `load` without the warnings that tfjs prints when a second copy of tfjs-core joins the shared engine
 * ("Platform node has already been set", "cpu backend was already registered", …). Other warnings pass.
 */
export function withoutChatter<T>(load: () => T): T {
  const { warn } = console;
  console.warn = (...values: unknown[]) => {
    if (!isChatter(String(values[0]))) warn.apply(console, values);
  };
  try {
    return load();
  } finally {
    console.warn = warn;
  }
}

function isChatter(message: string): boolean {
  return (
    message.includes('has already been set. Overwriting the platform') ||
    message.includes('was already registered. Reusing existing backend factory') ||
    message.includes('is already registered')
  );
}
