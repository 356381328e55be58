// Talks with an application as any client does: server-sent events from /api/v1/apps, with a temporary key that only
// this page holds and that opens this application alone.

for (const box of document.querySelectorAll("[data-playground]")) {
  const form = box.querySelector("form");
  const talk = box.querySelector("[role=log]");
  const stop = box.querySelector("[data-stop]");
  let key = null;
  let session = "";
  let leaving = null;

  async function held() {
    if (key && key.until > Date.now() / 1000 + 30) return key.token;
    const body = new URLSearchParams({ _token: form.elements._token.value });
    const answer = await fetch(box.dataset.key, { method: "POST", body });
    const found = await answer.json();
    if (!answer.ok) throw new Error(found.why);
    key = found;
    return key.token;
  }

  function say(kind, text) {
    const line = document.createElement("p");
    line.className = `said ${kind}`;
    line.textContent = text;
    talk.append(line);
    talk.scrollTop = talk.scrollHeight;
    return line;
  }

  async function* events(answer) {
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      const lines = rest.split("\n");
      rest = lines.pop();
      for (const line of lines) if (line.startsWith("data:")) yield JSON.parse(line.slice(5));
    }
  }

  form.addEventListener("submit", async (sent) => {
    sent.preventDefault();
    const prompt = form.elements.prompt.value.trim();
    if (!prompt) return;
    form.elements.prompt.value = "";
    say("mine", prompt);
    const reply = say("theirs", "…");
    leaving = new AbortController();
    stop.hidden = false;
    try {
      const answer = await fetch(box.dataset.call, {
        method: "POST",
        signal: leaving.signal,
        headers: {
          authorization: `Bearer ${await held()}`,
          "content-type": "application/json",
          "x-dashscope-sse": "enable",
          "x-dashscope-workspace": box.dataset.workspace,
        },
        body: JSON.stringify({
          input: { prompt, ...(session ? { session_id: session } : {}) },
          parameters: { incremental_output: true },
        }),
      });
      if (!answer.ok) {
        const refused = await answer.json();
        throw new Error(`${refused.code}: ${refused.message}`);
      }
      let text = "";
      for await (const event of events(answer)) {
        if (event.code) throw new Error(`${event.code}: ${event.message}`);
        text += event.output?.text ?? "";
        session = event.output?.session_id ?? session;
        reply.textContent = text;
        talk.scrollTop = talk.scrollHeight;
      }
    } catch (error) {
      reply.classList.add("failed");
      reply.textContent = error.name === "AbortError" ? box.dataset.stopped : String(error.message ?? error);
    } finally {
      stop.hidden = true;
      leaving = null;
      for (const each of form.querySelectorAll("button")) each.disabled = false;
      form.elements.prompt.focus();
    }
  });
  stop.addEventListener("click", () => leaving?.abort());
  box.querySelector("[data-again]").addEventListener("click", () => {
    session = "";
    talk.replaceChildren();
    form.elements.prompt.focus();
  });
}
