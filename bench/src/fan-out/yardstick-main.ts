/** The yardstick, a process of its own on the worker's core: runs when its parent says so and tells what it cost. */
import { runYardstick, type YardstickOptions } from '@efir/datapath';

process.on('disconnect', () => process.exit(0));
process.on('message', (options: YardstickOptions) => {
  try {
    process.send?.(runYardstick(options));
  } catch (error) {
    process.send?.({ error: (error as Error).message });
  }
});
