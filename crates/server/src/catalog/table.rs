//! A table for people: columns as wide as what is in them, two spaces apart.

use std::fmt;

/// A table of `N` columns.
pub(super) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// A table with nothing but its head.
    pub(super) fn new(head: [&str; N]) -> Self {
        Self { rows: vec![head.map(str::to_owned)] }
    }

    /// Adds a row.
    pub(super) fn row(&mut self, row: [String; N]) {
        self.rows.push(row);
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max();
        let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or_default());
        for row in &self.rows {
            let mut line = String::new();
            for (text, width) in row.iter().zip(widths) {
                line.push_str(text);
                let blanks = width.saturating_sub(text.chars().count()) + 2;
                line.extend(std::iter::repeat_n(' ', blanks));
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_and_lines_end_with_a_word() {
        let mut table = Table::new(["A", "LONG", "C"]);
        table.row(["wide".to_owned(), "x".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "A     LONG  C\nwide  x\n");
    }
}
