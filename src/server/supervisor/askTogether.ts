/**
 * Asks together what is asked at the same time: whoever asks while a question is under way shares the next one. `askAll` answers in
 * the order of the questions; where it rejects, all of them do. What follows the answers to one `askAll` follows in one turn of the
 * event loop, so there may be a most.
 */
export function askTogether<Question, Answer>(
  askAll: (questions: Question[]) => Promise<Answer[]>,
  most = Number.POSITIVE_INFINITY,
): (question: Question) => Promise<Answer> {
  const waiting: { question: Question; answer: PromiseWithResolvers<Answer> }[] = [];
  let isAsking = false;

  return function ask(question) {
    const answer = Promise.withResolvers<Answer>();
    waiting.push({ question, answer });
    if (!isAsking) void askOnAndOn();
    return answer.promise;
  };

  async function askOnAndOn(): Promise<void> {
    isAsking = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0, most);
      try {
        const answers = await askAll(batch.map(({ question }) => question));
        for (const [index, { answer }] of batch.entries()) answer.resolve(answers[index] as Answer);
      } catch (error) {
        for (const { answer } of batch) answer.reject(error);
      }
    }
    isAsking = false;
  }
}
