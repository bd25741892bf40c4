// The check page, for those who came without the script of the paper. Answers that wait on this phone go out from the paper first.
// It hands in by itself when the server's time is over; the server closes at the deadline either way.
import { Mirror } from "./exam-mirror.js";

const form = document.querySelector("[data-hand-in]");
const { exam, paper } = form.dataset;
if (new Mirror(exam).read().unsent) location.replace(paper);
document.querySelector("[data-countdown]").addEventListener("countdown:end", () => {
  setTimeout(() => (form.requestSubmit ? form.requestSubmit() : form.submit()), 1000 + Math.random() * 9000);
});
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
