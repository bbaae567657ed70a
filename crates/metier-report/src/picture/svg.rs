//! Where plotters draws: SVG whose colours are roles, and whose text is text.

use std::cell::RefCell;
use std::convert::Infallible;
use std::fmt::Write;
use std::rc::Rc;

use plotters::style::RGBColor;
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind, FontStyle,
};

use super::text::escaped;

/// Plotters counts in whole pixels; ours are tenths, so that marks stand where their values are.
pub(super) const FINE: i32 = 10;

/// The size of text.
pub(super) const FONT: f64 = 14.0;

/// What a colour is for. The style sheet says which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Role {
    /// Text and what is to be read first.
    Ink,
    /// What stands beside it.
    Faint,
    /// Lines of the grid.
    Grid,
    /// The line at zero.
    Zero,
    /// The numbers of the sessions at hand.
    S1,
    /// A second kind of number beside them.
    S2,
    /// Published figures.
    Published,
    /// Intervals over time, and boxes.
    Band,
    /// Nothing to see, but something to point at.
    Hit,
    /// Text on the darker cells of a heat map.
    On,
    /// The lowest class of a heat map; six more follow.
    H0,
    H1,
    H2,
    H3,
    H4,
    H5,
    H6,
}

/// The classes of the roles, in their order.
const CLASSES: [&str; 17] = [
    "ink",
    "faint",
    "grid",
    "zero",
    "s1",
    "s2",
    "published",
    "band",
    "hit",
    "on",
    "h0",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
];

impl Role {
    /// The classes of a heat map, from none to most.
    pub(super) const HEAT: [Role; 7] = [Role::H0, Role::H1, Role::H2, Role::H3, Role::H4, Role::H5, Role::H6];

    /// The colour that stands for it on the way through plotters.
    pub(super) fn colour(self) -> RGBColor {
        RGBColor(self as u8, 0, 0)
    }
}

fn class(colour: BackendColor) -> &'static str {
    CLASSES.get(usize::from(colour.rgb.0)).copied().unwrap_or("ink")
}

/// The elements drawn so far, shared by all that draw.
#[derive(Debug, Clone)]
pub(super) struct Canvas {
    size: (u32, u32),
    elements: Rc<RefCell<String>>,
}

impl Canvas {
    /// An empty one of so many pixels.
    pub(super) fn new(width: u32, height: u32) -> Canvas {
        let fine = FINE as u32;
        Canvas { size: (width * fine, height * fine), elements: Rc::default() }
    }

    /// What follows until [`Canvas::end`] is one mark, with the words that a pointer on it brings up.
    pub(super) fn begin(&self, title: &str) {
        self.write(format_args!("<g class=\"mark\"><title>{}</title>", escaped(title)));
    }

    pub(super) fn end(&self) {
        self.write(format_args!("</g>\n"));
    }

    /// All elements.
    pub(super) fn elements(&self) -> String {
        self.elements.borrow().clone()
    }

    fn write(&self, text: std::fmt::Arguments) {
        self.elements.borrow_mut().write_fmt(text).expect("a string takes all");
    }

    fn shape(&self, element: &str, place: std::fmt::Arguments, style: &impl BackendStyle, fill: bool) {
        let colour = style.color();
        if colour.alpha == 0.0 {
            return;
        }
        self.write(format_args!("<{element} class=\"{}", class(colour)));
        if fill {
            self.write(format_args!("\" {place}/>"));
            return;
        }
        self.write(format_args!(" line\" {place}"));
        // The style sheet has 1.5 pixels.
        match style.stroke_width() as i32 {
            15 => {}
            width => self.write(format_args!(" stroke-width=\"{}\"", fine(width))),
        }
        self.write(format_args!("/>"));
    }
}

/// Tenths of pixels as SVG has them.
fn fine(tenths: i32) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    match (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, tenth) => format!("{sign}{whole}.{tenth}"),
    }
}

/// A path through points; closed where it ends at its start.
fn path(points: &[BackendCoord]) -> String {
    let closed = points.len() > 2 && points.first() == points.last();
    let points = if closed { &points[..points.len() - 1] } else { points };
    let mut out = String::new();
    let mut before: Option<BackendCoord> = None;
    for &(x, y) in points {
        match before {
            None => out.push_str(&format!("M{} {}", fine(x), fine(y))),
            Some((_, above)) if above == y => out.push_str(&format!("H{}", fine(x))),
            Some((left, _)) if left == x => out.push_str(&format!("V{}", fine(y))),
            Some(_) => out.push_str(&format!("L{} {}", fine(x), fine(y))),
        }
        before = Some((x, y));
    }
    if closed {
        out.push('Z');
    }
    out
}

type Drawn<T = ()> = Result<T, DrawingErrorKind<Infallible>>;

impl DrawingBackend for Canvas {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Drawn {
        self.draw_rect(point, (point.0 + FINE, point.1 + FINE), &colour, true)
    }

    fn draw_line<S: BackendStyle>(&mut self, from: BackendCoord, to: BackendCoord, style: &S) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let (x, y, wide, high) =
            (left.min(right), top.min(bottom), (right - left).abs(), (bottom - top).abs());
        let place = format_args!(
            "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
            fine(x),
            fine(y),
            fine(wide),
            fine(high)
        )
        .to_string();
        self.shape("rect", format_args!("{place}"), style, fill);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        let points: Vec<BackendCoord> = points.into_iter().collect();
        self.shape("path", format_args!("d=\"{}\"", path(&points)), style, false);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let place = format!("cx=\"{}\" cy=\"{}\" r=\"{}\"", fine(x), fine(y), fine(radius as i32));
        self.shape("circle", format_args!("{place}"), style, fill);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        points: I,
        style: &S,
    ) -> Drawn {
        let mut points: Vec<BackendCoord> = points.into_iter().collect();
        points.extend(points.first().copied());
        self.shape("path", format_args!("d=\"{}\"", path(&points)), style, true);
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(&mut self, text: &str, style: &T, (x, y): BackendCoord) -> Drawn {
        if style.color().alpha == 0.0 || text.is_empty() {
            return Ok(());
        }
        // Not every viewer knows other baselines than the usual one.
        let down = match style.anchor().v_pos {
            VPos::Top => 110,
            VPos::Center => 48,
            VPos::Bottom => -30,
        };
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => " text-anchor=\"middle\"",
            HPos::Right => " text-anchor=\"end\"",
        };
        let bold = if matches!(style.style(), FontStyle::Bold) { " strong" } else { "" };
        self.write(format_args!(
            "<text class=\"{}{bold}\" x=\"{}\" y=\"{}\"{anchor}>{}</text>",
            class(style.color()),
            fine(x),
            fine(y + down),
            escaped(text)
        ));
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(&self, text: &str, _: &T) -> Drawn<(u32, u32)> {
        let fine = f64::from(FINE);
        Ok(((super::text::width(text) * fine) as u32, (FONT * fine) as u32))
    }
}
