const part = new URL(location.href);
part.searchParams.set("format", "part");
async function renew() {
  if (!document.hidden && getSelection().isCollapsed) { // nor while somebody copies from it
    try {
      const answer = await fetch(part, {cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(10000)});
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      document.querySelector("main").innerHTML = await answer.text();
      document.title = document.querySelector("h1").textContent + ": " + document.querySelector(".state").textContent;
      document.body.classList.remove("stale");
    } catch {
      document.body.classList.add("stale");
    }
  }
  setTimeout(renew, 2000);
}
setTimeout(renew, 2000);
