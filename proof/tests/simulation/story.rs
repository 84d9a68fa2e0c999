//! A story: what a seed makes of the house. Callers ask, batches are written in any order, the process dies before or after
//! a commit, clocks jump, and whoever got no answer may ask again. Every answer is held against the model's, and in the end
//! the whole history against the laws.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use standin_proof::{Asked, Chance, Held, History, Told};
use standin_server::clock::Time;
use standin_server::db::Turn;
use standin_server::error::Error;

use crate::house::House;
use crate::model::Model;
use crate::play::{Answer, Deed, NAMES, Op, USERS, Visit, Wanted, Whose};

/// How a story went.
pub struct Ending {
    /// Of two tellings of one seed, it is the same.
    pub digest: u64,
    /// What the laws were held against, or what is wrong.
    pub outcome: Result<Held, String>,
    /// What happened, line by line.
    pub trace: Vec<String>,
}

/// A call that was not carried out yet.
struct Waiting {
    n: usize,
    op: Op,
    at: Time,
    asked: Option<standin_proof::Open>,
}

/// What a browser keeps.
#[derive(Clone, Copy, Default)]
struct Browser {
    cookie: usize,
    session: Option<usize>,
}

struct Story<'a> {
    chance: Chance,
    house: &'a mut House,
    model: Model,
    history: History,
    trace: Vec<String>,
    calls: usize,
    waiting: Vec<Waiting>,
    unanswered: Vec<Op>,
    // What callers know, from what they were told.
    browsers: [Browser; 4],
    tasks: Vec<usize>,
    sessions: Vec<usize>,
    visits: Vec<usize>,
    agents: Vec<usize>,
}

type Go<T = ()> = Result<T, String>;

/// Something that can happen, and how often it does.
type Choice<'a, T> = (usize, fn(&mut Story<'a>) -> T);

/// 2026-01-01, and a little into its second.
const START: Time = Time(1_767_225_600_250);
const STEPS: usize = 120;

/// Tells the story of a seed.
pub fn tell(house: &mut House, seed: u64) -> Ending {
    match Story::new(seed, house) {
        Ok(mut story) => {
            let outcome = story.run();
            let mut digest = DefaultHasher::new();
            story.trace.hash(&mut digest);
            Ending {
                digest: digest.finish(),
                outcome,
                trace: story.trace,
            }
        }
        Err(why) => Ending {
            digest: 0,
            outcome: Err(why),
            trace: Vec::new(),
        },
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it")]
fn fault(error: Error) -> String {
    format!("the house failed: {error:?}")
}

impl<'a> Story<'a> {
    fn new(seed: u64, house: &'a mut House) -> Go<Self> {
        let mut chance = Chance::of(seed);
        let (is_crowded, is_strict) = (chance.percent(15), chance.percent(25));
        house.open(START, is_crowded, is_strict).map_err(fault)?;
        let model = Model {
            is_crowded,
            is_strict,
            agents: [(0, 0)].into(),
            ..Model::default()
        };
        Ok(Self {
            house,
            chance,
            model,
            history: History::default(),
            trace: vec![format!("crowded {is_crowded}, strict {is_strict}")],
            calls: 0,
            waiting: Vec::new(),
            unanswered: Vec::new(),
            browsers: [Browser::default(); 4],
            tasks: Vec::new(),
            sessions: Vec::new(),
            visits: Vec::new(),
            agents: vec![0],
        })
    }

    fn run(&mut self) -> Go<Held> {
        for _ in 0..STEPS {
            self.step()?;
        }
        while !self.waiting.is_empty() {
            self.batch(Turn::Answered)?;
        }
        while self.house.tidy(usize::MAX).map_err(fault)? {}
        let kept = self.house.kept().map_err(fault)?;
        self.note(format!("{kept:?}"));
        self.history.check(&kept).map_err(|broken| {
            let broken: Vec<String> = broken.iter().map(ToString::to_string).collect();
            broken.join("\n")
        })
    }

    fn note(&mut self, line: String) {
        self.trace.push(line);
    }

    fn step(&mut self) -> Go {
        let steps: [Choice<'a, Go>; 5] = [
            (60, Self::ask),
            (25, |story| story.batch(Turn::Answered)),
            (3, Self::die),
            (12, |story| {
                story.pass();
                Ok(())
            }),
            (3, Self::tidy),
        ];
        self.chance.weighted(&steps)(self)
    }

    fn tidy(&mut self) -> Go {
        let slice = 1 + self.chance.below(3);
        self.note(format!("tidies, {slice} at once"));
        self.house.tidy(slice).map_err(fault).map(|_| ())
    }

    /// Time goes on, jumps, or is set back; or it is the very moment at which something ends.
    fn pass(&mut self) {
        const SECOND: i64 = 1000;
        let now = self.house.clock.now().0;
        let (least, most) = match self.chance.below(100) {
            0..52 => (1, SECOND),
            52..80 => (SECOND, 90 * SECOND),
            80..84 => (600 * SECOND, 4000 * SECOND),
            84..89 => (-25 * SECOND, -1),
            89..92 => (-7200 * SECOND, -40 * SECOND),
            _ => {
                let by = self.model.next_end(now).map_or(1, |end| end - now);
                (by, by)
            }
        };
        let by = self.chance.between(least, most);
        self.house.clock.set(Time(now + by));
        self.note(format!("the clock moves by {by} ms"));
    }

    /// The process dies, with a batch on its way or not, and starts again.
    fn die(&mut self) -> Go {
        let turn = self
            .chance
            .one(&[Turn::Unheard, Turn::Lost])
            .unwrap_or(Turn::Lost);
        self.batch(turn)?;
        let lost = std::mem::take(&mut self.waiting);
        self.unanswered.extend(lost.into_iter().map(|call| call.op));
        if self.chance.percent(30) {
            self.pass();
        }
        self.note(format!("starts again at {:?}", self.house.clock.now()));
        self.house.restart().map_err(fault)
    }

    /// Writes some of the calls that wait, in any order.
    fn batch(&mut self, turn: Turn) -> Go {
        let size = (1 + self.chance.below(4)).min(self.waiting.len());
        let mut batch = Vec::new();
        for _ in 0..size {
            let call = self
                .waiting
                .swap_remove(self.chance.below(self.waiting.len()));
            batch.push((self.house.begin(call.n, &call.op, call.at), call));
        }
        self.house.turn(turn).map_err(fault)?;
        let numbers: Vec<usize> = batch.iter().map(|(_, call)| call.n).collect();
        self.note(format!("{numbers:?} {turn:?}"));
        for (begun, call) in batch {
            let expected = match turn {
                Turn::Lost => None,
                _ => Some(self.model.answer(call.n, &call.op, call.at.0)),
            };
            match expected {
                Some(expected) if turn == Turn::Answered => {
                    let answer = self.house.hear(call.n, begun).map_err(fault)?;
                    self.told(call, &answer, &expected)?;
                }
                _ => self.unanswered.push(call.op),
            }
        }
        Ok(())
    }

    fn ask(&mut self) -> Go {
        let again = self.unanswered.pop().filter(|_| self.chance.percent(50));
        let Some(op) = again.or_else(|| self.think()) else {
            return Ok(());
        };
        self.calls += 1;
        let (n, clock) = (self.calls, self.house.watch.now().0);
        let asked = op
            .asked()
            .map(|asked: Asked| self.history.ask(asked, clock));
        self.note(format!("{n} at {clock}: {op:?}"));
        if let Err(error) = self.house.watch.check() {
            let code = error.shown().code;
            self.note(format!("{n} is told {code}"));
            self.answered(asked, Told::Refused(code.into()));
            if self.chance.percent(40) {
                self.note("the clock is put right".into());
                self.house.clock.set(Time(clock));
            }
            return Ok(());
        }
        let call = Waiting {
            n,
            at: self.house.watch.now(),
            op,
            asked,
        };
        if call.op.is_read() {
            let answer = self.house.look(&call.op, call.at).map_err(fault)?;
            let expected = self.model.answer(n, &call.op, call.at.0);
            return self.told(call, &answer, &expected);
        }
        self.waiting.push(call);
        Ok(())
    }

    fn answered(&self, asked: Option<standin_proof::Open>, told: Told) {
        if let Some(asked) = asked {
            self.history.tell(asked, told, self.house.watch.now().0);
        }
    }

    /// An answer arrives.
    fn told(&mut self, call: Waiting, answer: &Answer, expected: &Answer) -> Go {
        let Waiting { n, op, asked, .. } = call;
        self.note(format!("{n} is told {answer:?}"));
        if answer != expected {
            return Err(format!(
                "call {n}, {op:?}, was told {answer:?} instead of {expected:?}"
            ));
        }
        self.answered(asked, answer.told(n));
        match (answer, &op) {
            (Answer::Created { agent }, _) => {
                self.tasks.push(n);
                self.agents.push(*agent);
            }
            (Answer::Opened, Op::Visit(Visit { cookie, .. })) => {
                self.sessions.push(n);
                self.visits.push(n);
                let new = Browser {
                    cookie: n,
                    session: Some(n),
                };
                // The browser that asked, or one that nobody has seen yet.
                let own = self.browsers.iter().position(|one| one.cookie == *cookie);
                let place = own.unwrap_or_else(|| self.chance.below(4));
                self.browsers[place] = new;
            }
            (Answer::Again(_), _) => self.visits.push(n),
            _ => {}
        }
        Ok(())
    }

    /// Something that one of the callers could want now.
    fn think(&mut self) -> Option<Op> {
        let wishes: [Choice<'a, Option<Op>>; 9] = [
            (22, |story| Some(Op::Create(story.wanted()))),
            (30, Self::visit),
            (24, Self::refresh),
            (4, |story| {
                let visit = story.chance.one(&story.visits)?;
                Some(Op::Exchange { visit })
            }),
            (6, |story| story.chance.one(&story.tasks).map(Op::TakeBack)),
            (5, Self::sign_out),
            (6, |story| {
                let deed = story.chance.weighted(&DEEDS);
                Some(Op::User(story.chance.below(USERS), deed))
            }),
            (3, |story| {
                let agent = story.chance.one(&story.agents)?;
                let is_on = story.chance.percent(60);
                Some(if is_on {
                    Op::Enable(agent)
                } else {
                    Op::Disable(agent)
                })
            }),
            (2, |story| {
                let Browser { cookie, .. } = story.browser();
                Some(Op::Leave { cookie })
            }),
        ];
        self.chance.weighted(&wishes)(self)
    }

    fn browser(&mut self) -> Browser {
        self.browsers[self.chance.below(4)]
    }

    fn wanted(&mut self) -> Wanted {
        let lives = [5_000, 60_000, 600_000, 3_600_000, 36_000_000];
        Wanted {
            user: self.chance.below(USERS),
            name: self.chance.below(NAMES.len()),
            inside: self.chance.percent(15),
            ticket: lives[self.chance.below(lives.len())],
            session: lives[self.chance.below(lives.len())],
        }
    }

    /// Of what there is, mostly something new.
    fn recent(&mut self, of: fn(&Self) -> &Vec<usize>) -> Option<usize> {
        let all = of(self).clone();
        let from = all.len().saturating_sub(4);
        if self.chance.percent(75) {
            self.chance.one(&all[from..])
        } else {
            self.chance.one(&all)
        }
    }

    fn visit(&mut self) -> Option<Op> {
        let task = self.recent(|story| &story.tasks)?;
        let Browser { cookie, .. } = self.browser();
        Some(Op::Visit(Visit {
            task,
            cookie,
            as_page: self.chance.percent(80),
        }))
    }

    /// A page asks with its browser's cookie for the session that it believes to be in; or somebody tries with another's.
    fn refresh(&mut self) -> Option<Op> {
        let mut signed_in = self.browsers.to_vec();
        signed_in.retain(|browser| browser.session.is_some());
        let Browser { cookie, session } = self.chance.one(&signed_in)?;
        let session = match session {
            Some(session) if self.chance.percent(90) => session,
            _ => self.recent(|story| &story.sessions)?,
        };
        Some(Op::Refresh { session, cookie })
    }

    fn sign_out(&mut self) -> Option<Op> {
        let whose = match self.chance.below(7) {
            0 | 1 => Whose::Session(self.recent(|story| &story.sessions)?),
            2 => Whose::Task(self.recent(|story| &story.tasks)?),
            3 => Whose::User(self.chance.below(USERS)),
            4 => Whose::Agent(self.chance.one(&self.agents)?),
            5 => Whose::Everyone,
            _ => {
                let Browser { cookie, session } = self.browser();
                return session.map(|session| Op::SignOutOthers { session, cookie });
            }
        };
        Some(Op::SignOut(whose))
    }
}

const DEEDS: [(usize, Deed); 7] = [
    (6, Deed::Ban),
    (8, Deed::Unban),
    (4, Deed::Lock),
    (4, Deed::Unlock),
    (1, Deed::Delete),
    (8, Deed::Join),
    (4, Deed::Part),
];
