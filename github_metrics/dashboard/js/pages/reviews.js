import { html } from "../lib/html.js";
import { useQuery } from "../lib/query.js";
import { Bottlenecks } from "../panels/bottlenecks.js";
import { CrossTeam } from "../panels/cross-team.js";
import { FirstReview } from "../panels/first-review.js";
import { ReviewBalance } from "../panels/review-balance.js";
import { Reviewers } from "../panels/reviewers.js";
import { ReviewSpeed } from "../panels/review-speed.js";
import { ReviewTiles } from "../panels/review-tiles.js";
import { TeamLoad } from "../panels/team-load.js";
import { Threads } from "../panels/threads.js";

export const takes = ["window", "tz", "repositories", "users", "actors"];

/** How reviews go: all together and by team first, people last and by name. */
export default function Reviews({ filters }) {
  const asked = { takes, filters };
  const turnaround = useQuery("turnaround", {}, asked);
  const reviewers = useQuery("reviewers", {}, { ...asked, all: true });
  const dynamics = useQuery("team-dynamics", { page_size: 100 }, asked);
  const threads = useQuery("comment-resolution-time", { page: 1, page_size: 10 }, asked);
  return html`
    <${ReviewTiles} turnaround=${turnaround} reviewers=${reviewers} threads=${threads} />
    <div class="grid">
      <${FirstReview} filters=${filters} span="span-8" />
      <${ReviewBalance} query=${reviewers} dynamics=${dynamics} span="span-4" />
      <${TeamLoad} filters=${filters} span="span-7" />
      <${CrossTeam} filters=${filters} span="span-5" />
      <${ReviewSpeed} filters=${filters} query=${turnaround} span="span-6" />
      <${Bottlenecks} filters=${filters} query=${dynamics} span="span-6" />
      <${Reviewers} filters=${filters} query=${reviewers} />
      <${Threads} filters=${filters} />
    </div>`;
}
