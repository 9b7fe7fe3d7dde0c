import { stableStringify } from "../model/json.ts";
import { terminalWidth, writeText } from "../runtime/terminal.ts";
import {
  type Config,
  loadConfig,
  resolveSetting,
  type Setting,
  type SettingName,
} from "./settings.ts";
import { safeOutput } from "./sanitize.ts";
import { type ColorMode, createStyle, type Style, wantsColor } from "./style.ts";

/** The options every command has. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly store?: string;
  readonly color?: ColorMode;
  readonly debug?: boolean;
}

/** How a command speaks: one JSON document or text on stdout, everything else on stderr. */
export interface Output {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly width: number;
  /** Style of stdout. */
  readonly style: Style;
  readonly config: Config;
  /** A setting by precedence: flag, environment, config file, default. */
  setting(name: SettingName, flag?: string | number): Setting;
  /** Prints the document with `--json`, else the text. */
  emit(document: unknown, text: () => string): Promise<void>;
  /** A line on stderr, unless `--quiet`. */
  note(line: string): Promise<void>;
  /** A warning on stderr, also with `--quiet`. */
  warn(line: string): Promise<void>;
}

/** Makes the output of one command from its global options. */
export function openOutput(options: GlobalOptions): Output {
  const config = loadConfig();
  const mode = resolveSetting("color", options.color, config).value as ColorMode;
  const style = createStyle(wantsColor(mode, "stdout"));
  const errorStyle = createStyle(wantsColor(mode, "stderr"));
  const json = options.json ?? false;
  const quiet = options.quiet ?? false;
  return {
    json,
    quiet,
    width: terminalWidth(),
    style,
    config,
    setting: (name, flag) =>
      resolveSetting(name, flag ?? (options as Record<string, string | undefined>)[name], config),
    emit: async (document, text) => {
      if (json) await writeText("stdout", stableStringify(document) + "\n");
      else await writeText("stdout", safeOutput(text(), style.enabled));
    },
    note: async (line) => {
      if (!quiet) await writeText("stderr", `${safeOutput(line, errorStyle.enabled)}\n`);
    },
    warn: async (line) => {
      const text = `${errorStyle.yellow("warning:")} ${line}\n`;
      await writeText("stderr", safeOutput(text, errorStyle.enabled));
    },
  };
}
