export interface FetchLimits {
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What went wrong, in words: the cause behind "fetch failed". */
function reasonOf(error: unknown): Error {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const code = cause?.code ?? (error as { code?: string }).code;
  if ((error as Error).name === "TimeoutError") return new Error("no answer in time");
  if (code === "ECONNREFUSED" || /refused/i.test(String(cause?.message ?? error))) {
    return new Error("connection refused");
  }
  return error instanceof Error ? error : new Error(String(error));
}

/**
 * The text behind a URL.
 *
 * @throws Error in words: refused, no answer in time, a status other than 2xx (with the answer's first
 *   line), or more bytes than allowed.
 */
export async function fetchText(url: string, limits: FetchLimits): Promise<string> {
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  const signal = limits.signal === undefined ? timeout : AbortSignal.any([timeout, limits.signal]);
  try {
    const response = await fetch(url, { signal, headers: limits.headers });
    if (!response.ok) {
      const said = (await response.text()).trim().split("\n")[0].slice(0, 200);
      throw new Error(`the server answers ${response.status}${said === "" ? "" : `: ${said}`}`);
    }
    const decoder = new TextDecoder();
    let text = "";
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > limits.maxBytes) {
        throw new Error(`the page is larger than ${limits.maxBytes} bytes`);
      }
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch (error) {
    throw reasonOf(error);
  }
}
