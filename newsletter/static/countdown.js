// The time until a scheduled issue goes out, counted down every second.

const timer = document.querySelector(".countdown[data-until]");

function left(seconds) {
  const days = Math.floor(seconds / 86_400);
  if (days > 1) return `In ${days} days`;
  const hours = Math.floor(seconds / 3600);
  if (hours > 1) return `In ${hours} hours`;
  const minutes = Math.floor(seconds / 60);
  return `In ${minutes}:${String(Math.floor(seconds % 60)).padStart(2, "0")} minutes`;
}

function show() {
  const seconds = (Date.parse(timer.dataset.until) - Date.now()) / 1000;
  const words = seconds > 0 ? left(seconds) : "Its time has come";
  if (timer.textContent !== words) timer.textContent = words;
  if (seconds > 0) setTimeout(show, 250);
}

if (timer) show();
