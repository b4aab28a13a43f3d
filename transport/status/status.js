const part = new URL(location.href);
part.searchParams.set("format", "part");
const renewing = document.querySelector("#renewing input");
renewing.parentElement.hidden = false;

// take makes a node like another one and leaves what is the same: a screen reader keeps its place.
function take(node, other) {
  if (node.nodeName !== other.nodeName || node.childNodes.length !== other.childNodes.length) {
    node.replaceWith(other.cloneNode(true));
    return;
  }
  if (node.nodeType === Node.TEXT_NODE) {
    if (node.data !== other.data) node.data = other.data;
    return;
  }
  for (const name of new Set([...node.getAttributeNames(), ...other.getAttributeNames()])) {
    const value = other.getAttribute(name);
    if (value === null) node.removeAttribute(name);
    else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
  }
  const others = [...other.childNodes];
  [...node.childNodes].forEach((child, i) => take(child, others[i]));
}

async function renew() {
  if (!document.hidden && renewing.checked && getSelection().isCollapsed) { // nor while somebody copies from it
    try {
      const answer = await fetch(part, {cache: "no-store", credentials: "same-origin", signal: AbortSignal.timeout(10000)});
      if (!answer.ok || answer.redirected) throw new Error(answer.status);
      const main = document.querySelector("main"), next = document.createElement("main");
      next.innerHTML = await answer.text();
      take(main, next);
      document.title = document.querySelector("h1").textContent + ": " + document.querySelector(".state").textContent;
      document.body.classList.remove("stale");
    } catch {
      document.body.classList.add("stale");
    }
  }
  setTimeout(renew, 2000);
}
setTimeout(renew, 2000);
