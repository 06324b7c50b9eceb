import type { Platform } from '../platform/types.ts';
import { checkPort, type PortQuestion, type PortVerdict } from './checkPort.ts';

/** Many ports in one task, for those who look again and again. The verdicts come in the order of the questions. */
export async function checkPorts({ questions }: { questions: PortQuestion[] }, platform: Platform): Promise<PortVerdict[]> {
  const verdicts: PortVerdict[] = [];
  for (const question of questions) verdicts.push(await checkPort(question, platform));
  return verdicts;
}
