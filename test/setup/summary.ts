import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** What a vitest run comes to, for scripts/test.ts, which adds up all suites. */
export interface Summary {
  passed: number;
  failed: number;
  skipped: { name: string; reason: string }[];
}

/** Writes the summary as JSON to `path` when the run has ended. */
export function summaryReporter(path: string): Reporter {
  return {
    onTestRunEnd(modules, unhandledErrors) {
      const summary = modules.reduce(addModule, { passed: 0, failed: unhandledErrors.length, skipped: [] } satisfies Summary);
      writeFileSync(path, JSON.stringify(summary));
    },
  };
}

function addModule(summary: Summary, module: TestModule): Summary {
  for (const test of module.children.allTests()) {
    const result = test.result();
    if (result.state === 'passed') summary.passed += 1;
    else if (result.state === 'failed') summary.failed += 1;
    else
      summary.skipped.push({
        name: `${module.relativeModuleId} › ${test.fullName}`,
        reason: (result.state === 'skipped' && result.note) || test.meta().skipReason || 'no reason given',
      });
  }
  // A file that does not load, or a failing hook, fails without any test of its own.
  summary.failed += module.errors().length;
  return summary;
}
