// Runs under any Node that knows ES modules, so that an old one can say so: nothing newer than Node 12 in here.

/** The oldest Node that Efir runs on: the first 20 that loads ES modules through `require` without a flag (Vite and others need it). */
export const OLDEST_NODE = '20.19.0';

/** What to say about Node `version`, or null when it will do. */
export function nodeComplaint(version, platform) {
  const have = version.replace(/^v/, '').split('.').map(Number);
  const need = OLDEST_NODE.split('.').map(Number);
  for (let i = 0; i < need.length; i++) {
    if (have[i] > need[i]) return null;
    if (have[i] < need[i]) {
      const remedy =
        platform === 'darwin'
          ? '`brew install node@22`'
          : platform === 'win32'
            ? '`winget install OpenJS.NodeJS.LTS`'
            : 'nodejs.org, `nvm install 22` or your distribution';
      return `Efir needs Node ${OLDEST_NODE} or newer and this is Node ${have.join('.')}: install a newer one from ${remedy}.`;
    }
  }
  return null;
}
