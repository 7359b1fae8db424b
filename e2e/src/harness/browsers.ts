/** The browsers of the tests, with one face: Chromium driven by Playwright, Firefox by puppeteer over WebDriver BiDi. */
import { type BrowserContext, type Browser as Chromium, chromium } from 'playwright-core';
import puppeteer, { type Browser as Firefox } from 'puppeteer-core';
import { installProbe, type ProbeOptions } from './probe.js';

export interface BrowserPage {
  /** Runs a function in the page; it and its argument travel as text. */
  evaluate<A, T>(work: (argument: A) => T | Promise<T>, argument: A): Promise<T>;
  goto(url: string): Promise<void>;
  click(selector: string): Promise<void>;
  fill(selector: string, text: string): Promise<void>;
  /** What the page wrote to its console, errors included. */
  readonly console: string[];
  screenshot(path: string): Promise<void>;
  /** Another page of the same browser and person: one storage. Not of Firefox. */
  twin(): Promise<BrowserPage>;
  close(): Promise<void>;
}

export interface TestBrowser {
  readonly name: 'chromium' | 'firefox';
  /** A page with a storage of its own. */
  open(probe?: ProbeOptions): Promise<BrowserPage>;
  close(): Promise<void>;
}

export const hasFirefox = Boolean(process.env.EFIR_FIREFOX);

export interface ChromiumOptions {
  /** Of the fake camera. */
  fps?: number;
  /** What the fake permission prompt answers; default grant. */
  permission?: 'grant' | 'deny';
  /** Size of the pages, px. Drawing without a GPU costs by the pixel: small pages leave the cores to the call. */
  viewport?: { width: number; height: number };
  /** To be run instead of Chromium itself; it gets Chromium's arguments. */
  program?: string;
  args?: string[];
}

export async function launchChromium({
  fps = 20,
  permission = 'grant',
  viewport,
  program,
  args = [],
}: ChromiumOptions = {}): Promise<TestBrowser> {
  const executablePath = process.env.EFIR_CHROMIUM;
  if (!executablePath) throw new Error('no Chromium: name its program in EFIR_CHROMIUM');
  const browser = await chromium.launch({
    executablePath: program ?? executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--use-fake-device-for-media-stream=fps=${fps}`,
      `--use-fake-ui-for-media-stream${permission === 'deny' ? '=deny' : ''}`,
      '--autoplay-policy=no-user-gesture-required',
      ...args,
    ],
  });
  return new ChromiumBrowser(browser, viewport);
}

class ChromiumBrowser implements TestBrowser {
  readonly name = 'chromium';

  constructor(
    private readonly browser: Chromium,
    private readonly viewport: ChromiumOptions['viewport'],
  ) {}

  async open(probe: ProbeOptions = {}): Promise<BrowserPage> {
    const { viewport } = this;
    const context: BrowserContext = await this.browser.newContext({
      ignoreHTTPSErrors: true,
      ...(viewport ? { viewport } : {}),
    });
    await context.addInitScript(installProbe, probe);
    return this.page(context);
  }

  private async page(context: BrowserContext): Promise<BrowserPage> {
    const page = await context.newPage();
    const lines: string[] = [];
    page.on('console', (message) => lines.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => lines.push(`error: ${error.message}`));
    return {
      console: lines,
      evaluate: (work, argument) => page.evaluate(work as never, argument as never) as never,
      goto: async (url) => void (await page.goto(url)),
      click: (selector) => page.click(selector, { timeout: 10_000 }),
      fill: (selector, text) => page.fill(selector, text, { timeout: 10_000 }),
      screenshot: async (path) => void (await page.screenshot({ path })),
      twin: () => this.page(context),
      close: () => context.close(),
    };
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}

export async function launchFirefox(): Promise<TestBrowser> {
  const executablePath = process.env.EFIR_FIREFOX;
  if (!executablePath) throw new Error('no Firefox: name its program in EFIR_FIREFOX');
  const browser = await puppeteer.launch({
    browser: 'firefox',
    protocol: 'webDriverBiDi',
    executablePath,
    headless: true,
    extraPrefsFirefox: {
      'media.navigator.streams.fake': true,
      'media.navigator.permission.disabled': true,
      'media.peerconnection.ice.loopback': true,
      'media.peerconnection.ice.obfuscate_host_addresses': false,
      'media.autoplay.default': 0,
      'app.update.enabled': false,
      'datareporting.policy.dataSubmissionEnabled': false,
      'toolkit.telemetry.enabled': false,
    },
  });
  return new FirefoxBrowser(browser);
}

class FirefoxBrowser implements TestBrowser {
  readonly name = 'firefox';

  constructor(private readonly browser: Firefox) {}

  async open(probe: ProbeOptions = {}): Promise<BrowserPage> {
    const context = await this.browser.createBrowserContext();
    const page = await context.newPage();
    await page.evaluateOnNewDocument(installProbe as never, probe as never);
    const lines: string[] = [];
    page.on('console', (message) => lines.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => lines.push(`error: ${String(error)}`));
    return {
      console: lines,
      evaluate: (work, argument) => page.evaluate(work as never, argument as never) as never,
      goto: async (url) => void (await page.goto(url, { waitUntil: 'domcontentloaded' })),
      click: (selector) => page.locator(selector).setTimeout(10_000).click(),
      fill: (selector, text) => page.locator(selector).setTimeout(10_000).fill(text),
      screenshot: async (path) => void (await page.screenshot({ path: path as `${string}.png` })),
      twin: () => Promise.reject(new Error('only of Chromium')),
      close: () => context.close(),
    };
  }

  close(): Promise<void> {
    return this.browser.close();
  }
}
