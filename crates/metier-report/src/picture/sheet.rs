//! A sheet to draw on: plots with axes, marks and text, in pixels from the upper left corner.

use plotters::coord::Shift;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::*;
use plotters_backend::text_anchor::{HPos, Pos, VPos};
use plotters_backend::{BackendCoord, FontStyle, FontTransform};

use super::Picture;
use super::axis::Axis;
use super::svg::{Canvas, FINE, FONT, Role};
use super::text::{cut, escaped};

/// How wide every picture is.
pub(super) const WIDTH: f64 = 640.0;

/// No picture is higher.
const HIGHEST: u32 = 40_000;

const DRAWN: &str = "a picture is drawn in memory, in a frame that has room";

/// Where a text stands beside its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// A sheet.
pub(super) struct Sheet {
    canvas: Canvas,
    area: DrawingArea<Canvas, Shift>,
}

/// Where a plot is on its sheet: the corner of its inner rectangle, and its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Sheet {
    pub(super) fn new() -> Sheet {
        let canvas = Canvas::new(WIDTH as u32, HIGHEST);
        Sheet { area: canvas.clone().into_drawing_area(), canvas }
    }

    /// Writes a text, at half its height.
    pub(super) fn text(&self, (x, y): (f64, f64), text: &str, role: Role, align: Align) {
        self.write((x, y), text, role, align, FontStyle::Normal);
    }

    /// The same as a heading.
    pub(super) fn heading(&self, (x, y): (f64, f64), text: &str) {
        self.write((x, y), text, Role::Ink, Align::Left, FontStyle::Bold);
    }

    fn write(&self, (x, y): (f64, f64), text: &str, role: Role, align: Align, font: FontStyle) {
        let style = style_of(role, align, font);
        self.area.draw_text(text, &style, (fine(x), fine(y))).expect(DRAWN);
    }

    /// A plot with a grid at the ticks of `x`, and of `y` if that has any.
    pub(super) fn plot(&self, place: Place, x: &Axis, y: &Axis) -> Plot<'_> {
        let below = if x.widest() > 0.0 { 24.0 } else { 0.0 };
        let beside = if y.widest() > 0.0 { y.widest() + 10.0 } else { 0.0 };
        let frame = self.area.clone().shrink(
            (fine(place.left - beside), fine(place.top)),
            (fine(place.width + beside), fine(place.height + below)),
        );
        let mut chart = ChartBuilder::on(&frame)
            .x_label_area_size(fine(below))
            .y_label_area_size(fine(beside))
            .build_cartesian_2d(x.clone(), y.clone())
            .expect(DRAWN);
        chart
            .configure_mesh()
            .x_labels(40)
            .y_labels(40)
            .light_line_style(TRANSPARENT)
            .bold_line_style(stroke(Role::Grid, 1.0))
            .axis_style(TRANSPARENT)
            .set_all_tick_mark_size(fine(3.0))
            .label_style(style_of(Role::Faint, Align::Left, FontStyle::Normal))
            .draw()
            .expect(DRAWN);
        let inner = Plot { canvas: self.canvas.clone(), chart };
        if x.has(0.0) && x.ends().0 < 0.0 {
            let (low, high) = y.ends();
            inner.line(&[(0.0, low), (0.0, high)], Role::Zero, 1.5);
        }
        inner
    }

    /// A diamond, as published figures have it, in a legend.
    pub(super) fn diamond(&self, at: (f64, f64)) {
        self.draw(PathElement::new(shifted(&DIAMOND, at), stroke(Role::Published, 2.0)));
    }

    /// A dot in a legend.
    pub(super) fn dot(&self, (x, y): (f64, f64), role: Role) {
        self.draw(Circle::new((fine(x), fine(y)), fine(4.5), role.colour().filled()));
    }

    /// A cross in a legend.
    pub(super) fn cross(&self, at: (f64, f64), role: Role) {
        for line in CROSS {
            self.draw(PathElement::new(shifted(&line, at), stroke(role, 2.0)));
        }
    }

    fn draw<E>(&self, element: E)
    where
        for<'e> &'e E: PointCollection<'e, BackendCoord>,
        E: Drawable<Canvas>,
    {
        self.area.draw(&element).expect(DRAWN);
    }

    /// A cell of a heat map: its words, its class, its text.
    pub(super) fn cell(&self, place: Place, words: &str, class: usize, text: &str) {
        let (right, bottom) = (place.left + place.width, place.top + place.height);
        self.canvas.begin(words);
        let role = Role::HEAT[class.min(Role::HEAT.len() - 1)];
        let corners = [(fine(place.left), fine(place.top)), (fine(right), fine(bottom))];
        self.draw(Rectangle::new(corners, role.colour().filled()));
        let middle = ((place.left + right) / 2.0, (place.top + bottom) / 2.0);
        self.text(middle, text, if class > 3 { Role::On } else { Role::Ink }, Align::Middle);
        self.canvas.end();
    }

    /// The sheet as a picture of this height, with what is said to those who do not see it.
    pub(super) fn picture(&self, height: f64, title: &str, says: &str, id: &str) -> Picture {
        let title = cut(title, 200);
        let svg = format!(
            "<svg class=\"picture\" viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\" \
             xmlns=\"http://www.w3.org/2000/svg\">\n<title id=\"{id}-t\">{}</title>\n<desc id=\"{id}-d\">{}</desc>\n{}\n</svg>\n",
            height.ceil(),
            escaped(&title),
            escaped(&cut(says, 1000)),
            self.canvas.elements().trim_end(),
        );
        Picture { title, svg }
    }
}

/// Hollow, so that a dot within is seen.
const DIAMOND: [(f64, f64); 5] = [(0.0, -7.5), (7.5, 0.0), (0.0, 7.5), (-7.5, 0.0), (0.0, -7.5)];

const CROSS: [[(f64, f64); 2]; 2] = [[(-4.5, -4.5), (4.5, 4.5)], [(-4.5, 4.5), (4.5, -4.5)]];

fn shifted(points: &[(f64, f64)], (x, y): (f64, f64)) -> Vec<BackendCoord> {
    points.iter().map(|(dx, dy)| (fine(x + dx), fine(y + dy))).collect()
}

/// A plot on a sheet, in the values of its axes.
pub(super) struct Plot<'a> {
    canvas: Canvas,
    chart: ChartContext<'a, Canvas, Cartesian2d<Axis, Axis>>,
}

impl Plot<'_> {
    /// All that is drawn in between is one mark, with these words.
    pub(super) fn mark(&self, words: &str, draw: impl FnOnce(&Self)) {
        self.canvas.begin(words);
        draw(self);
        self.canvas.end();
    }

    fn draw<E>(&self, element: E)
    where
        for<'e> &'e E: PointCollection<'e, (f64, f64)>,
        E: Drawable<Canvas>,
    {
        self.chart.plotting_area().draw(&element).expect(DRAWN);
    }

    /// Lines through points.
    pub(super) fn line(&self, points: &[(f64, f64)], role: Role, width: f64) {
        self.draw(PathElement::new(points, stroke(role, width)));
    }

    /// An area within points.
    pub(super) fn area(&self, points: &[(f64, f64)], role: Role) {
        self.draw(Polygon::new(points, role.colour().filled()));
    }

    /// A rectangle between two corners.
    pub(super) fn block(&self, corners: [(f64, f64); 2], role: Role) {
        self.draw(Rectangle::new(corners, role.colour().filled()));
    }

    /// A round mark.
    pub(super) fn dot(&self, at: (f64, f64), radius: f64, role: Role) {
        self.draw(Circle::new(at, fine(radius), role.colour().filled()));
    }

    /// The hollow mark of a published figure.
    pub(super) fn diamond(&self, at: (f64, f64)) {
        self.draw(
            EmptyElement::at(at)
                + PathElement::new(shifted(&DIAMOND, (0.0, 0.0)), stroke(Role::Published, 2.0)),
        );
    }

    /// A square mark, so wide.
    pub(super) fn square(&self, at: (f64, f64), width: f64, role: Role) {
        let half = fine(width / 2.0);
        self.draw(
            EmptyElement::at(at) + Rectangle::new([(-half, -half), (half, half)], role.colour().filled()),
        );
    }

    /// A mark of two strokes.
    pub(super) fn cross(&self, at: (f64, f64), role: Role) {
        for line in CROSS {
            self.draw(EmptyElement::at(at) + PathElement::new(shifted(&line, (0.0, 0.0)), stroke(role, 2.0)));
        }
    }

    /// An upright stroke through a row.
    pub(super) fn upright(&self, at: (f64, f64), half: f64, role: Role, width: f64) {
        let ends = shifted(&[(0.0, -half), (0.0, half)], (0.0, 0.0));
        self.draw(EmptyElement::at(at) + PathElement::new(ends, stroke(role, width)));
    }

    /// A text that begins so far to the right of a place.
    pub(super) fn note(&self, at: (f64, f64), right: f64, text: &str) {
        let style = style_of(Role::Faint, Align::Left, FontStyle::Normal);
        self.draw(EmptyElement::at(at) + Text::new(text.to_owned(), (fine(right), 0), style));
    }
}

fn fine(pixels: f64) -> i32 {
    (pixels * f64::from(FINE)).round() as i32
}

fn stroke(role: Role, width: f64) -> ShapeStyle {
    role.colour().stroke_width(fine(width) as u32)
}

fn style_of(role: Role, align: Align, font: FontStyle) -> TextStyle<'static> {
    let across = match align {
        Align::Left => HPos::Left,
        Align::Middle => HPos::Center,
        Align::Right => HPos::Right,
    };
    let size = FONT * f64::from(FINE);
    let font = FontDesc::new(FontFamily::SansSerif, size, font).transform(FontTransform::None);
    TextStyle { font, color: role.colour().to_backend_color(), pos: Pos::new(across, VPos::Center) }
}
